import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { configureProvider } from '../../../src/config/settings.js';
import { Secret } from '../../../src/domain/secret.js';
import { planLogin } from '../../../src/services/login/login.js';
import type { LoginRequest } from '../../../src/services/login/login-request.js';
import { GOOGLE_ID, sources } from '../../doubles/settings-sources.js';
import { leaveAnswer } from '../../harness/leave-answer.js';
import { ALICE, type TestContext, testContext } from '../../harness/test-context.js';
import { REQUEST } from './login-test.js';

let stage: TestContext;
beforeEach(async () => {
  stage = await testContext();
});
afterEach(() => stage.close());

describe('the plan of a login', () => {
  const GOOGLE = { GOOGLE_CLIENT_ID: GOOGLE_ID, GOOGLE_CLIENT_SECRET: 'client-secret-example' };
  const plan = (request: Partial<LoginRequest> = {}, env: Readonly<Record<string, string>> = GOOGLE) =>
    planLogin(
      {
        ...stage.ctx,
        provider: async (name) => configureProvider(name, sources({ env })),
      },
      { ...REQUEST, name: 'google', ...request },
    );

  it('is made without a network, a browser or a secret', async () => {
    const planned = await plan({ scopes: ['https://mail.google.com/'] });
    expect(planned).toEqual({
      provider: 'google',
      title: 'Google',
      issuer: 'https://accounts.google.com',
      authorizationEndpoint: 'https://accounts.google.com/o/oauth2/v2/auth',
      tokenEndpoint: 'https://oauth2.googleapis.com/token',
      clientId: GOOGLE_ID,
      registered: false,
      resource: null,
      grant: null,
      redirectUri: 'http://127.0.0.1/callback/google',
      device: false,
      deviceAuthorizationEndpoint: null,
      scopes: ['openid', 'email', 'https://mail.google.com/'],
      pkce: true,
      authorizeParams: { access_type: 'offline', prompt: 'consent' },
      account: null,
    });
    expect(JSON.stringify(planned)).not.toContain('client-secret-example');
  });

  it('asks for a new consent only if there is no refresh token', async () => {
    await stage.add({ provider: 'google', label: 'work' });
    expect((await plan({ as: 'work' })).authorizeParams).toEqual({ access_type: 'offline' });
    expect((await plan({ as: 'other' })).authorizeParams).toMatchObject({ prompt: 'consent' });
    expect((await plan({ loginHint: 'work' })).authorizeParams).toEqual({ access_type: 'offline' });
  });

  it('asks for a new consent if the stored refresh token may no longer work', async () => {
    const waiting = await stage.add({ provider: 'google', label: 'work' });
    await leaveAnswer(stage, waiting);
    expect((await plan({ as: 'work' })).authorizeParams).toMatchObject({ prompt: 'consent' });
    const identity = { ...ALICE, subject: 'bob' };
    const cutOff = await stage.add({ provider: 'google', label: 'home' }, { identity });
    await stage.vault.intend(cutOff, new Secret('refresh-token-example'), 1, 2);
    expect((await plan({ as: 'home' })).authorizeParams).toMatchObject({ prompt: 'consent' });
  });

  it('fails like the login', async () => {
    await expect(plan({}, {})).rejects.toMatchObject({ code: 'client_not_configured' });
    await expect(plan({ name: 'gogle' })).rejects.toMatchObject({ code: 'provider_unknown' });
    const env = { ...GOOGLE, OAUTH_REDIRECT_URI: 'http://127.0.0.1:8400/callback' };
    await expect(plan({ port: 8401 }, env)).rejects.toMatchObject({
      code: 'usage',
      message: '--port 8401 contradicts the configured redirect URI of google',
    });
    expect((await plan({ port: 8400 }, env)).redirectUri).toBe('http://127.0.0.1:8400/callback');
    expect((await plan({ port: 8401 })).redirectUri).toBe('http://127.0.0.1:8401/callback/google');
  });
});
