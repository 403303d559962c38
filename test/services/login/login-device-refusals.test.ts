import { describe, expect, it } from 'vitest';
import { google } from '../../../src/providers/google.js';
import { microsoft } from '../../../src/providers/microsoft.js';
import { notion } from '../../../src/providers/notion.js';
import {
  deviceDeclined,
  deviceRefusal,
  noDeviceEndpoint,
  noDeviceLogin,
} from '../../../src/services/login/login-refusals.js';
import { refused } from '../../doubles/token-answers.js';
import { REQUEST } from './login-test.js';

const entra = microsoft('common');
const GMAIL = 'https://mail.google.com/';
const asked = (name: string, scopes: readonly string[] = []) => ({
  ...REQUEST,
  name,
  scopes,
  device: true,
});

describe('a device login that a provider refuses', () => {
  it('at Google for its scopes names them, the allowed ones and another way', () => {
    const answer = refused(
      { error: 'invalid_scope', error_description: 'Invalid device flow scope' },
      { status: 400 },
    );
    const scopes = ['openid', 'email', GMAIL];
    expect(deviceRefusal(google, asked('google', [GMAIL]), scopes, answer)).toMatchObject({
      code: 'client_refused',
      message: `Google does not allow these scopes in a device login: ${GMAIL} (invalid_scope: Invalid device flow scope)`,
      hint: `it allows openid email profile https://www.googleapis.com/auth/drive.appdata https://www.googleapis.com/auth/drive.file https://www.googleapis.com/auth/youtube https://www.googleapis.com/auth/youtube.readonly; for others: vault login google --scope ${GMAIL} --paste`,
    });
  });

  it.each(['invalid_client', 'unauthorized_client'])(
    'at Google with %s names the type of client it needs, and what yours can do',
    (error) => {
      const answer = refused({ error, error_description: 'Invalid client type.' }, { status: 401 });
      const failure = deviceRefusal(google, asked('google'), ['openid'], answer);
      expect(failure).toMatchObject({ code: 'client_refused', exitCode: 11 });
      expect(failure.message).toContain('needs a client of type "TVs and Limited Input devices"');
      expect(failure.hint?.split('\n')).toEqual([
        'register one at https://console.cloud.google.com/auth/clients, and add it to "providers" in config.json: "google-device": {"extends": "google", "clientId": "…", "clientSecret": "…"}; then: vault login google-device --device',
        'with the client you have: vault login google --paste',
      ]);
    },
  );

  it.each([
    ['before the code', { error: 'unauthorized_client', error_codes: [70002] }, 400],
    ['at a poll', { error: 'invalid_client', error_codes: [7000218] }, 401],
  ])('at Microsoft names the setting of the client that is off, %s', (_, body, status) => {
    const answer = refused(body, { status, facts: entra.errors });
    expect(deviceRefusal(entra, asked('microsoft'), [], answer)).toMatchObject({
      code: 'client_refused',
      message: expect.stringContaining('needs "Allow public client flows" set to "Yes"'),
      hint: expect.stringMatching(
        /\("Authentication"\); or, with the client you have: vault login microsoft --paste$/,
      ),
    });
  });

  it('at Microsoft by conditional access is a policy', () => {
    const answer = refused(
      { error: 'access_denied', error_codes: [53003] },
      { status: 400, facts: entra.errors },
    );
    expect(deviceRefusal(entra, asked('microsoft'), [], answer)).toMatchObject({
      code: 'policy_refused',
      hint: 'ask the administrator of the account, or try the browser: vault login microsoft',
    });
  });

  it('at Microsoft by the user is a refusal', () => {
    const answer = refused({ error: 'authorization_declined' }, { status: 400, facts: entra.errors });
    expect(deviceDeclined(entra, asked('microsoft'), answer)).toMatchObject({
      code: 'login_refused',
      message: 'the login was declined at Microsoft (authorization_declined)',
    });
  });

  it.each([404, 405, 410])('with the status %i was sent to a wrong address', (status) => {
    const gone = refused('<title>nothing here</title>', { status });
    const endpoint = 'https://example.com/device';
    expect(noDeviceEndpoint(google, asked('google'), endpoint, gone)).toMatchObject({
      code: 'client_refused',
      exitCode: 11,
      message: expect.stringMatching(new RegExp(`${endpoint}: .* \\(HTTP ${status}\\)$`)),
      hint: expect.stringMatching(/: vault login google --device --dry-run\n.*: vault login google --paste$/),
    });
  });

  it.each([
    ['in trouble', {}, 503],
    ['with a word of its own', { error: 'invalid_client' }, 404],
  ])('%s was not sent to a wrong address', (_what, body, status) => {
    expect(noDeviceEndpoint(google, asked('google'), '', refused(body, { status }))).toBeNull();
  });

  it('because it has none names the login from another machine instead', () => {
    expect(noDeviceLogin(notion, asked('notion'))).toMatchObject({
      code: 'usage',
      message: 'Notion has no device login',
      hint: 'vault login notion --paste\nopen the URL that it prints on any machine',
    });
  });
});
