import { afterEach, describe, expect, it } from 'vitest';
import { MINUTE } from '../../../src/domain/duration.js';
import { NO_RETRIES } from '../../../src/services/refresh/refresh-send.js';
import type { Answer } from '../../doubles/local-server.js';
import { inTurn, oauthError, renewed } from '../../doubles/token-endpoint.js';
import { type RefreshTest, refreshTest } from './refresh-test.js';

let stage: RefreshTest;
const open = async (...answers: Parameters<typeof inTurn>) => {
  stage = await refreshTest(inTurn(...answers));
};
afterEach(() => stage.close());

const KEPT = { access: 'access-token-example', refresh: 'refresh-token-example' };

describe('failures in a row', () => {
  it('make an account failing at the third, and one success makes it active', async () => {
    const trouble = oauthError('server_error', 503);
    await open(trouble, trouble, trouble, trouble, renewed());
    const { id } = await stage.addExpired();
    const statuses: unknown[] = [];
    for (let round = 0; round < 5; round += 1) {
      await stage.refresh(await stage.account({ id }), { policy: NO_RETRIES });
      const { status, failures, reason } = await stage.account({ id });
      statuses.push([status, failures, reason === null ? null : 'told']);
    }
    expect(statuses).toEqual([
      ['active', 1, null],
      ['active', 2, null],
      ['failing', 3, 'told'],
      ['failing', 4, 'told'],
      ['active', 0, null],
    ]);
  });

  it.each([
    ['provider_unavailable', oauthError('server_error', 503)],
    ['client_refused', oauthError('invalid_client', 401)],
  ])('are reported for an account with missing scopes, which are kept: %s', async (code, trouble) => {
    await open(trouble, renewed({ scope: 'read' }));
    const lacking = { status: 'insufficient_scope', reason: 'not granted: mail' } as const;
    const scopes = { askedScopes: ['read', 'mail'], grantedScopes: ['read'] };
    const { id } = await stage.addExpired({ ...lacking, ...scopes, failures: 2 });
    await stage.refresh(await stage.account({ id }), { policy: NO_RETRIES });
    const account = await stage.account({ id });
    expect(account).toMatchObject({ ...scopes, status: 'failing', failures: 3, lastError: code });
    expect(account.reason).toMatch(code === 'client_refused' ? /invalid_client/ : /server_error/);
    await stage.refresh(account, { policy: NO_RETRIES });
    expect(await stage.account({ id })).toMatchObject(lacking);
  });
});

describe('invalid_request, which some servers send for an ended refresh token', () => {
  it('means that a login is needed, but is sent again: it may mean the request', async () => {
    await open(
      oauthError('invalid_request', 401, { error_description: 'The refresh token is invalid.' }),
      renewed(),
    );
    const account = await stage.addExpired();
    expect(await stage.refresh(account)).toMatchObject({
      kind: 'login_needed',
      error: {
        code: 'login_needed',
        message:
          'demo/alice@example.com probably needs a new login: Demo refuses to refresh it, with an error that some servers send for an expired refresh token (invalid_request: The refresh token is invalid.)',
        hint: 'vault login demo/alice@example.com\nif that does not help, compare the client with what is registered: vault providers demo',
      },
    });
    const after = await stage.account(account);
    expect(after).toMatchObject({ status: 'login_needed', retryAt: stage.clock.now() + MINUTE });
    expect(await stage.tokens(account)).toEqual(KEPT);
    expect(await stage.refresh(after)).toMatchObject({ kind: 'refreshed' });
    expect(await stage.account(account)).toMatchObject({ status: 'active', retryAt: null });
  });

  it('means the client if the server says more', async () => {
    await open(oauthError('invalid_request', 400, { error_codes: [900144] }));
    expect(await stage.refresh(await stage.addExpired())).toMatchObject({ kind: 'refused' });
  });
});

describe('a refusal without a code', () => {
  const bare: Answer = (response) => void response.writeHead(400).end();

  it('by a server that has refreshed before means a login at the third time', async () => {
    await open(bare, bare, bare, bare, bare, bare);
    const { id } = await stage.addExpired({ lastRefreshAt: stage.clock.now() });
    const said: unknown[] = [];
    for (let round = 0; round < 3; round += 1) {
      const outcome = await stage.refresh(await stage.account({ id }), { policy: NO_RETRIES });
      said.push([outcome.kind, 'error' in outcome && outcome.error.hint?.split('\n')]);
    }
    const wait = 'nothing is lost; try again in a few minutes';
    const login = 'or log in again: vault login demo/alice@example.com';
    expect(said).toEqual([
      ['transient', [wait]],
      ['transient', [wait]],
      ['transient', [wait, login]],
    ]);
    expect(await stage.account({ id })).toMatchObject({
      status: 'failing',
      reason:
        'Demo has refused 3 times in a row to refresh demo/alice@example.com, without a reason (HTTP 400)',
    });
  });

  it('by a server that never has means no login', async () => {
    await open(bare, bare);
    const { id } = await stage.addExpired({ lastRefreshAt: null, failures: 2 });
    const outcome = await stage.refresh(await stage.account({ id }), { policy: NO_RETRIES });
    expect('error' in outcome && outcome.error.hint).toBe('nothing is lost; try again in a few minutes');
  });
});

describe('a refusal that a login cannot repair', () => {
  it.each([
    [
      'invalid_client',
      'client_refused',
      'vault providers demo\nregister and set what that command shows; a new login alone will not help',
    ],
    ['unauthorized_client', 'client_refused', expect.any(String)],
    ['invalid_scope', 'client_refused', expect.any(String)],
    ['access_denied', 'policy_refused', 'ask the administrator of the account; a new login will not help'],
  ])('%s is reported as %s, once, and changes nothing', async (error, code, hint) => {
    await open(oauthError(error, 401));
    const account = await stage.addExpired();
    expect(await stage.refresh(account)).toMatchObject({ kind: 'refused', error: { code, hint } });
    expect(stage.sent()).toHaveLength(1);
    expect(await stage.account(account)).toMatchObject({ status: 'active', lastError: code, failures: 1 });
    expect(await stage.tokens(account)).toEqual(KEPT);
  });

  it('never shows the token that the provider repeats', async () => {
    await open(oauthError('invalid_request', 400, { error_description: 'bad refresh-token-example, sorry' }));
    const outcome = await stage.refresh(await stage.addExpired());
    expect(JSON.stringify(outcome)).not.toContain('refresh-token-example');
    expect('error' in outcome && outcome.error.message).toContain('bad [redacted]');
  });
});

describe('an account without a refresh token', () => {
  it('is not changed while its access token is valid, and a warning says so', async () => {
    await open(renewed());
    const account = await stage.addExpired({ expiresAt: stage.clock.now() + MINUTE }, { refreshToken: null });
    expect(await stage.refresh(account)).toMatchObject({
      kind: 'login_needed',
      error: { code: 'login_needed' },
    });
    expect(await stage.account(account)).toEqual(account);
    expect(stage.server.received).toEqual([]);
  });

  it('needs a login, reports that, and sends nothing', async () => {
    await open(renewed());
    const account = await stage.addExpired({}, { refreshToken: null });
    expect(await stage.refresh(account)).toMatchObject({
      kind: 'login_needed',
      error: {
        message: 'demo/alice@example.com has no refresh token, so its access token cannot be renewed',
        hint: 'vault login demo/alice@example.com',
      },
    });
    expect(stage.server.received).toEqual([]);
    expect(await stage.account(account)).toMatchObject({ status: 'login_needed', failures: 1 });
  });
});
