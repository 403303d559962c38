import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DAY, HOUR, MINUTE } from '../../../src/domain/duration.js';
import { json } from '../../doubles/local-server.js';
import { NOW } from '../../doubles/terminal.js';
import { inTurn, renewed } from '../../doubles/token-endpoint.js';
import { ALICE } from '../../harness/test-context.js';
import { type RefreshTest, refreshTest } from './refresh-test.js';

let stage: RefreshTest;
const open = async (...answers: Parameters<typeof inTurn>) => {
  stage = await refreshTest(inTurn(...answers));
};
beforeEach(() => open(renewed()));
afterEach(() => stage.close());

describe('an answer with a new refresh token', () => {
  it('is stored as the next generation, with everything that it contains', async () => {
    const account = await stage.addExpired({
      status: 'failing',
      reason: 'it failed',
      failures: 4,
      lastError: 'network_failed',
    });
    const outcome = await stage.refresh(account);
    expect(outcome).toMatchObject({ kind: 'refreshed', account: { id: account.id, generation: 2 } });
    expect(await stage.account(account)).toMatchObject({
      generation: 2,
      status: 'active',
      reason: null,
      issuedAt: NOW,
      expiresAt: NOW + HOUR,
      lastRefreshAt: NOW,
      lastError: null,
      failures: 0,
      hasRefreshToken: true,
    });
    expect(await stage.tokens(account)).toEqual({
      access: 'access-token-renewed',
      refresh: 'refresh-token-renewed',
    });
    expect(await stage.vault.identity(await stage.account(account))).toEqual(ALICE);
  });

  it('is requested with the stored one and the client id', async () => {
    await stage.refresh(await stage.addExpired());
    const [request] = stage.server.received;
    expect(request).toMatchObject({ method: 'POST', path: '/token' });
    expect(Object.fromEntries(new URLSearchParams(request?.body))).toEqual({
      grant_type: 'refresh_token',
      refresh_token: 'refresh-token-example',
      client_id: 'client-example',
    });
  });

  it('is sent the next time', async () => {
    const account = await stage.addExpired();
    await stage.refresh(account);
    await stage.refresh(await stage.account(account));
    expect(stage.sent()).toEqual(['refresh-token-example', 'refresh-token-renewed']);
  });

  it('is recorded in the audit trail, without a secret', async () => {
    const { id } = await stage.addExpired();
    await stage.refresh(await stage.account({ id }));
    expect(stage.events).toMatchObject([
      { event: 'refreshed', provider: 'demo', account: id, generation: 2 },
    ]);
  });

  it('counts its lifetime from before the request was sent', async () => {
    await stage.close();
    await open((response, request) => {
      stage.clock.advance(5 * MINUTE);
      renewed()(response, request);
    });
    const account = await stage.addExpired();
    await stage.refresh(account);
    expect(await stage.account(account)).toMatchObject({
      issuedAt: NOW,
      expiresAt: NOW + HOUR,
      updatedAt: NOW + 5 * MINUTE,
    });
  });
});

describe('an incomplete answer', () => {
  it.each([
    ['absent', {}],
    ['null', { refresh_token: null }],
    ['empty', { refresh_token: '' }],
    ['unusable', { refresh_token: 'a\u0000b' }],
  ])('keeps the old refresh token if the new one is %s', async (_, members) => {
    await stage.close();
    await open(json(200, { access_token: 'access-token-renewed', expires_in: 60, ...members }));
    const account = await stage.addExpired();
    expect((await stage.refresh(account)).kind).toBe('refreshed');
    expect(await stage.tokens(account)).toEqual({
      access: 'access-token-renewed',
      refresh: 'refresh-token-example',
    });
  });

  it('has no known expiry if it contains none', async () => {
    await stage.close();
    await open(renewed({ expires_in: undefined }));
    const account = await stage.addExpired();
    await stage.refresh(account);
    expect((await stage.account(account)).expiresAt).toBeNull();
  });

  it('keeps the end of the grant unless it contains another one', async () => {
    await stage.close();
    await open(renewed(), renewed({ refresh_token_expires_in: 86_400 }));
    const account = await stage.addExpired({ grantExpiresAt: NOW + 7 * DAY });
    await stage.refresh(account);
    expect((await stage.account(account)).grantExpiresAt).toBe(NOW + 7 * DAY);
    await stage.refresh(await stage.account(account));
    expect((await stage.account(account)).grantExpiresAt).toBe(NOW + DAY);
  });

  it.each([
    ['odd members', renewed({ expires_in: 'soon', token_type: 7, scope: 3, id_token: 'x' })],
    ['an error beside the tokens', renewed({ error: 'partly' })],
  ])('stores both tokens even if there are %s', async (_, answer) => {
    await stage.close();
    await open(answer);
    const account = await stage.addExpired();
    expect((await stage.refresh(account)).kind).toBe('refreshed');
    expect((await stage.tokens(account)).refresh).toBe('refresh-token-renewed');
  });
});

describe('an answer with a new refresh token and no usable access token', () => {
  const USELESS = renewed({ access_token: 'with\nline break' });

  it('stores the refresh token first, then reports the unusable access token', async () => {
    await stage.close();
    await open(USELESS);
    const account = await stage.addExpired();
    expect(await stage.refresh(account)).toMatchObject({
      kind: 'transient',
      error: {
        code: 'provider_answer_invalid',
        message: 'Demo answered without a usable access token for demo/alice@example.com',
        hint: 'the new refresh token in that answer is stored; try again in a moment',
      },
    });
    expect(await stage.tokens(account)).toEqual({
      access: 'access-token-example',
      refresh: 'refresh-token-renewed',
    });
    expect(await stage.account(account)).toMatchObject({
      generation: 2,
      expiresAt: account.expiresAt,
      failures: 1,
      lastError: 'provider_answer_invalid',
    });
  });

  it('is followed by a refresh with the new refresh token', async () => {
    await stage.close();
    await open(USELESS, renewed({ refresh_token: undefined }));
    const account = await stage.addExpired();
    await stage.refresh(account);
    expect((await stage.refresh(await stage.account(account))).kind).toBe('refreshed');
    expect(stage.sent()).toEqual(['refresh-token-example', 'refresh-token-renewed']);
  });
});

describe('the scopes of an answer', () => {
  it.each([
    ['stay as they were when it names none', undefined, ['openid', 'email'], 'active', null],
    ['stay as they were when it repeats them', 'email openid', ['openid', 'email'], 'active', null],
    ['may shrink, which is told', 'openid', ['openid'], 'insufficient_scope', 'not granted: email'],
    ['may grow', 'openid email more', ['openid', 'email', 'more'], 'active', null],
  ])('%s', async (_, scope, grantedScopes, status, reason) => {
    await stage.close();
    await open(renewed({ scope }));
    const account = await stage.addExpired();
    expect((await stage.refresh(account)).kind).toBe('refreshed');
    expect(await stage.account(account)).toMatchObject({ grantedScopes, status, reason });
  });

  it('return with a later answer, and so does the status', async () => {
    await stage.close();
    await open(renewed({ scope: 'openid' }), renewed({ scope: 'openid email' }));
    const account = await stage.addExpired();
    await stage.refresh(account);
    await stage.refresh(await stage.account(account));
    expect(await stage.account(account)).toMatchObject({ status: 'active', reason: null });
  });
});
