import { afterEach, describe, expect, it, vi } from 'vitest';
import { DAY, MINUTE, SECOND } from '../../../src/domain/duration.js';
import { LONG_RETRIES, NO_RETRIES, SHORT_RETRIES } from '../../../src/services/refresh/refresh-send.js';
import { type Answer, json, serve } from '../../doubles/local-server.js';
import { NOW } from '../../doubles/terminal.js';
import { dropped, htmlPage, inTurn, oauthError, renewed } from '../../doubles/token-endpoint.js';
import { type RefreshTest, refreshTest } from './refresh-test.js';

let stage: RefreshTest;
const open = async (...answers: Parameters<typeof inTurn>) => {
  stage = await refreshTest(inTurn(...answers));
};
afterEach(async () => {
  vi.useRealTimers();
  await stage.close();
});

const KEPT = { access: 'access-token-example', refresh: 'refresh-token-example' };

describe('a refresh token that the provider no longer accepts', () => {
  it('is kept until a login, and nothing more is sent', async () => {
    await open(oauthError('invalid_grant', 400, { error_description: 'Token has been revoked.' }));
    const account = await stage.addExpired();
    expect(await stage.refresh(account)).toMatchObject({
      kind: 'login_needed',
      account: { status: 'login_needed' },
      error: {
        code: 'login_needed',
        message:
          'demo/alice@example.com needs a new login: the provider Demo no longer accepts the refresh token of this account (invalid_grant: Token has been revoked.)',
        hint: 'vault login demo/alice@example.com',
        details: { provider_error: 'invalid_grant', provider_detail: null },
      },
    });
    expect(await stage.account(account)).toMatchObject({
      status: 'login_needed',
      generation: 1,
      lastError: 'login_needed',
      failures: 1,
      reason: expect.stringContaining('needs a new login'),
    });
    expect(await stage.tokens(account)).toEqual(KEPT);
    expect(stage.sent()).toHaveLength(1);
    expect(stage.events).toMatchObject([
      { event: 'refresh_failed', provider: 'demo', account: account.id, code: 'login_needed' },
    ]);
  });

  it('is explained by the age of the last consent if the provider has a limit', async () => {
    await open(oauthError('invalid_grant'));
    Object.assign(stage.settings, { extends: 'google', clientSecret: 'client-secret-example' });
    const account = await stage.addExpired({ createdAt: NOW - 100 * DAY });
    const consent = { how: 'browser', askedScopes: ['openid'], grantedScopes: ['openid'] } as const;
    await stage.vault.addConsent(account.id, { at: NOW - 7 * DAY, ...consent });
    const outcome = await stage.refresh(account);
    expect('error' in outcome && outcome.error.message).toContain('"Testing" state ends it after 7 days');
  });

  it('is explained by the end of the grant if it is known', async () => {
    await open(oauthError('invalid_grant'));
    const account = await stage.addExpired({ grantExpiresAt: NOW - DAY });
    const outcome = await stage.refresh(account);
    expect('error' in outcome && outcome.error.message).toContain('because the grant has ended');
  });
});

describe('a failing provider', () => {
  const TROUBLES: readonly (readonly [string, Answer, string])[] = [
    ['status 503', oauthError('server_error', 503), 'provider_unavailable'],
    [
      'a status 502 page',
      (response) => void response.writeHead(502).end('<html>Bad Gateway'),
      'provider_unavailable',
    ],
    ['status 429', oauthError('rate_limited', 429), 'provider_unavailable'],
    ['the page of a captive portal', htmlPage, 'provider_unavailable'],
    ['an empty answer', (response) => void response.end(), 'provider_unavailable'],
    ['an answer without a token', json(200, { token_type: 'Bearer' }), 'provider_unavailable'],
    ['a connection that breaks off', dropped, 'network_failed'],
  ];

  it.each(TROUBLES)('with %s changes nothing and is asked at most twice', async (_, answer, code) => {
    await open(answer);
    const account = await stage.addExpired();
    expect(await stage.refresh(account, { policy: LONG_RETRIES })).toMatchObject({
      kind: 'transient',
      error: { code },
    });
    expect(stage.sent()).toEqual(['refresh-token-example', 'refresh-token-example']);
    expect(await stage.tokens(account)).toEqual(KEPT);
    expect(await stage.account(account)).toMatchObject({
      generation: 1,
      status: 'active',
      reason: null,
      failures: 1,
      lastError: code,
    });
  });

  it('that does not answer in time is not asked again: the answer may still arrive', async () => {
    // The deadline passes as soon as the request has arrived, however long that took.
    await open(() => void vi.runOnlyPendingTimers());
    const account = await stage.addExpired();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    expect(await stage.refresh(account)).toMatchObject({
      kind: 'transient',
      error: { code: 'network_failed', details: { reason: 'timeout' } },
    });
    expect(stage.sent()).toHaveLength(1);
    expect(await stage.tokens(account)).toEqual(KEPT);
  });

  it('is asked again immediately after a lost answer', async () => {
    await open(dropped, renewed());
    const account = await stage.addExpired();
    expect((await stage.refresh(account, { policy: NO_RETRIES })).kind).toBe('refreshed');
    expect(stage.clock.slept).toEqual([]);
  });

  it('that recovers within the pause causes no notice', async () => {
    await open(oauthError('server_error', 500), renewed());
    const account = await stage.addExpired();
    expect((await stage.refresh(account)).kind).toBe('refreshed');
    expect(stage.clock.slept).toHaveLength(1);
    expect((await stage.account(account)).failures).toBe(0);
  });

  it.each([
    ['is waited for', '3', SHORT_RETRIES, 2, 3 * SECOND],
    ['is not waited for when it is longer than the patience', '20', SHORT_RETRIES, 1, null],
    ['may be longer in a bulk run', '20', LONG_RETRIES, 2, 20 * SECOND],
    ['of an hour ends the attempt', '3600', LONG_RETRIES, 1, null],
  ])('and its Retry-After %s', async (_, header, policy, sends, pause) => {
    await open(json(429, { error: 'rate_limited' }, { 'retry-after': header }));
    const account = await stage.addExpired();
    expect((await stage.refresh(account, { policy })).kind).toBe('transient');
    expect(stage.sent()).toHaveLength(sends);
    if (pause === null) expect(stage.clock.slept).toEqual([]);
    else expect(stage.clock.slept[0]).toBeGreaterThanOrEqual(pause);
  });
});

describe('an unreachable provider', () => {
  it.each([
    ['a person who waits', SHORT_RETRIES, [1, 2]],
    ['a bulk run', LONG_RETRIES, [2, 4, 8]],
    ['somebody with a good token at hand', NO_RETRIES, []],
  ])('is tried again after growing pauses for %s', async (_, policy, seconds) => {
    await open(renewed());
    const account = await stage.addExpired();
    await stage.server.close();
    expect(await stage.refresh(account, { policy })).toMatchObject({
      kind: 'transient',
      error: { code: 'network_failed', message: expect.stringContaining('the connection was refused') },
    });
    expect(stage.clock.slept).toHaveLength(seconds.length);
    seconds.forEach((pause, index) => {
      expect(stage.clock.slept[index]).toBeGreaterThanOrEqual(pause * SECOND);
      expect(stage.clock.slept[index]).toBeLessThanOrEqual(1.25 * pause * SECOND);
    });
    expect(await stage.tokens(account)).toEqual(KEPT);
  });

  it('that becomes reachable is asked, however many attempts have begun', async () => {
    await open(renewed());
    const later = await serve(renewed());
    const account = await stage.addExpired();
    await stage.server.close();
    // The connection that is refused the first time leads to a server the second time.
    const redirecting = {
      ...stage.http,
      send: (request: Parameters<typeof stage.http.send>[0]) =>
        stage.http.send(stage.clock.slept.length < 2 ? request : { ...request, url: `${later.url}/token` }),
    };
    expect((await stage.refresh(account, { http: async () => redirecting })).kind).toBe('refreshed');
    expect(later.received).toHaveLength(1);
    expect((await stage.account(account)).issuedAt).toBe(stage.clock.now());
    await later.close();
  });
});

describe('the clock of a refresh', () => {
  it('is read after the pauses: a lifetime counts from the answered request', async () => {
    await open(oauthError('server_error', 503), renewed({ expires_in: 60 }));
    const account = await stage.addExpired();
    await stage.refresh(account);
    const { issuedAt, expiresAt } = await stage.account(account);
    expect(issuedAt).toBeGreaterThan(NOW);
    expect(expiresAt).toBe(issuedAt + MINUTE);
  });
});
