import { afterEach, describe, expect, it } from 'vitest';
import { ONCE } from '../../../src/services/refresh/refresh-send.js';
import { inTurn, oauthError, renewed } from '../../doubles/token-endpoint.js';
import { openRefreshStage, type RefreshStage } from './refreshing.js';

let stage: RefreshStage;
const open = async (...answers: Parameters<typeof inTurn>) => {
  stage = await openRefreshStage(inTurn(...answers));
};
afterEach(() => stage.close());

const KEPT = { access: 'access-token-example', refresh: 'refresh-token-example' };

describe('failures in a row', () => {
  it('make an account failing at the third, and one success makes it well', async () => {
    const trouble = oauthError('server_error', 503);
    await open(trouble, trouble, trouble, trouble, renewed());
    const { id } = await stage.addExpired();
    const statuses: unknown[] = [];
    for (let round = 0; round < 5; round += 1) {
      await stage.refresh(await stage.account({ id }), { policy: ONCE });
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

  it('leave an account that lacks scopes or rests as it is', async () => {
    await open(oauthError('server_error', 503));
    const { id } = await stage.addExpired({
      status: 'insufficient_scope',
      reason: 'not granted: x',
      failures: 9,
    });
    await stage.refresh(await stage.account({ id }), { policy: ONCE });
    expect(await stage.account({ id })).toMatchObject({
      status: 'insufficient_scope',
      reason: 'not granted: x',
      failures: 10,
    });
  });
});

describe('a refusal that no login would cure', () => {
  it.each([
    [
      'invalid_client',
      'client_refused',
      'vault providers demo\nregister and set what it shows; a new login alone will not help',
    ],
    ['unauthorized_client', 'client_refused', expect.any(String)],
    ['invalid_scope', 'client_refused', expect.any(String)],
    ['access_denied', 'policy_refused', 'ask the administrator of the account; a new login will not help'],
  ])('%s is told as %s, once, and nothing changes', async (error, code, hint) => {
    await open(oauthError(error, 401));
    const account = await stage.addExpired();
    expect(await stage.refresh(account)).toMatchObject({ kind: 'refused', error: { code, hint } });
    expect(stage.sent()).toHaveLength(1);
    expect(await stage.account(account)).toMatchObject({ status: 'active', lastError: code, failures: 1 });
    expect(await stage.tokens(account)).toEqual(KEPT);
  });

  it('never repeats the token that the provider echoes', async () => {
    await open(oauthError('invalid_request', 400, { error_description: 'bad refresh-token-example, sorry' }));
    const outcome = await stage.refresh(await stage.addExpired());
    expect(JSON.stringify(outcome)).not.toContain('refresh-token-example');
    expect('error' in outcome && outcome.error.message).toContain('bad [redacted]');
  });
});

describe('an account without a refresh token', () => {
  it('needs a login, is told so, and nothing is sent', async () => {
    await open(renewed());
    const account = await stage.addExpired({}, { refreshToken: null });
    expect(await stage.refresh(account)).toMatchObject({
      kind: 'login_needed',
      error: {
        message: 'demo/alice@example.com has no refresh token, so its access token cannot be renewed',
        hint: 'vault login demo --login-hint alice@example.com',
      },
    });
    expect(stage.server.received).toEqual([]);
    expect(await stage.account(account)).toMatchObject({ status: 'login_needed', failures: 1 });
  });
});
