import { afterEach, describe, expect, it } from 'vitest';
import { HOUR, MINUTE } from '../../../src/domain/duration.js';
import { TransportFailure } from '../../../src/domain/transport.js';
import { LONG_RETRIES, NO_RETRIES } from '../../../src/services/refresh/refresh-send.js';
import type { Answer } from '../../doubles/local-server.js';
import { NOW } from '../../doubles/terminal.js';
import { dropped, inTurn, oauthError, renewed } from '../../doubles/token-endpoint.js';
import { type RefreshTest, refreshTest } from './refresh-test.js';

let stage: RefreshTest;
const open = async (...answers: Parameters<typeof inTurn>) => {
  stage = await refreshTest(inTurn(...answers));
};
afterEach(() => stage.close());

const dead = oauthError('invalid_grant', 400, { error_description: 'reuse detected' });
const elsewhere: Answer = (response) => void response.writeHead(302, { location: '/portal' }).end();
/** Whoever comes back finds nobody. */
const andGone =
  (answer: Answer): Answer =>
  (response, request) => {
    answer(response, request);
    void stage.server.close();
  };

const BEGAN = new Date(NOW).toISOString();
const OPEN = {
  message: expect.stringContaining(
    `the outcome of the refresh that began at ${BEGAN} is open: no final answer came, and the provider may have replaced the refresh token`,
  ),
  hint: expect.not.stringContaining('nothing is lost'),
  details: { open_since: BEGAN },
};
const INTERRUPTED = expect.stringContaining(
  `a refresh that began at ${BEGAN} was interrupted before its answer was stored`,
);

describe('an attempt that may have reached the provider', () => {
  it.each([
    ['the answer is lost, and the repeat finds nobody', [andGone(dropped)], 'transient', 'network_failed'],
    [
      'a gateway answers 502, and the repeat finds nobody',
      [andGone(oauthError('bad_gateway', 502))],
      'transient',
      'network_failed',
    ],
    [
      'the answer is lost, and the repeat is led elsewhere',
      [dropped, elsewhere],
      'refused',
      'client_refused',
    ],
    [
      'the answer is lost, and the repeat is refused for the client',
      [dropped, oauthError('invalid_client', 401)],
      'refused',
      'client_refused',
    ],
    ['the answer is lost twice', [dropped, dropped], 'transient', 'network_failed'],
  ] as const)('when %s', async (_, answers, kind, code) => {
    await open(...(answers as unknown as [Answer]));
    const account = await stage.addExpired();
    expect(await stage.refresh(account, { policy: LONG_RETRIES })).toMatchObject({
      kind,
      error: { code, ...OPEN },
    });
    expect(await stage.intentOf(account)).toMatchObject({ attempt: 1, at: NOW });
  });

  it('is recorded when the earlier refresh was cut off and this one is refused', async () => {
    await open(oauthError('invalid_client', 401), dead);
    const account = await stage.addExpired();
    const { refreshToken } = await stage.vault.contents(account);
    if (refreshToken === null) throw new Error('the example has a refresh token');
    await stage.vault.intend(account, refreshToken, NOW, 1);
    stage.clock.advance(MINUTE);
    expect(await stage.refresh(account)).toMatchObject({ kind: 'refused', error: OPEN });
    expect(await stage.intentOf(account)).toMatchObject({ attempt: 2, at: NOW });
    expect(await stage.refresh(await stage.account(account))).toMatchObject({
      kind: 'login_needed',
      error: { message: INTERRUPTED },
    });
    expect(await stage.intentOf(account)).toBeNull();
  });

  it('is the reason when the provider refuses the token in the repeat', async () => {
    await open(dropped, dead);
    const account = await stage.addExpired();
    expect(await stage.refresh(account)).toMatchObject({
      kind: 'login_needed',
      error: { message: INTERRUPTED },
    });
    // The provider has said all there is to say about this token.
    expect(await stage.intentOf(account)).toBeNull();
  });

  it('is recorded until a grant is stored', async () => {
    await open(dropped, dropped, renewed());
    const account = await stage.addExpired();
    expect((await stage.refresh(account)).kind).toBe('transient');
    expect((await stage.refresh(await stage.account(account))).kind).toBe('refreshed');
    expect(await stage.intentOf(account)).toBeNull();
  });

  it('is reported to every process that waited for that refresh', async () => {
    await open(dropped);
    const account = await stage.addExpired();
    await stage.refresh(account);
    // It was looked at before the refresh.
    expect(await stage.refresh(account)).toMatchObject({ kind: 'transient', error: OPEN });
    expect(stage.sent()).toHaveLength(2);
  });

  it('is not recorded when it cannot have reached the provider', async () => {
    await open(renewed());
    const account = await stage.addExpired();
    await stage.server.close();
    expect(await stage.refresh(account)).toMatchObject({
      kind: 'transient',
      error: { hint: 'nothing is lost; check the network and try again' },
    });
    expect(await stage.intentOf(account)).toBeNull();
  });
});

describe('while the stored access token works', () => {
  const open_ = { kind: 'open', error: { code: 'refresh_interrupted', ...OPEN } };

  it.each([
    ['a lost answer', dropped],
    ['trouble at the provider', oauthError('server_error', 503)],
  ])('a refresh token is not sent again after %s, immediately or later', async (_, answer) => {
    await open(answer);
    const account = await stage.add({ ...at(), expiresAt: NOW + HOUR });
    expect(await stage.refresh(account, { policy: LONG_RETRIES })).toMatchObject({
      kind: 'transient',
      error: OPEN,
    });
    expect(stage.sent()).toHaveLength(1);
    for (const policy of [NO_RETRIES, LONG_RETRIES]) {
      expect(await stage.refresh(await stage.account(account), { policy })).toMatchObject(open_);
    }
    expect(stage.sent()).toHaveLength(1);
    expect(await stage.account(account)).toMatchObject({ failures: 1, status: 'active' });
  });

  it('a refresh token is sent again once if the user names the account', async () => {
    await open(dropped);
    const account = await stage.add({ ...at(), expiresAt: NOW + HOUR });
    await stage.refresh(account);
    const again = await stage.refresh(await stage.account(account), {
      evenIfOpen: true,
      policy: LONG_RETRIES,
    });
    expect(again).toMatchObject({ kind: 'transient', error: OPEN });
    expect(stage.sent()).toHaveLength(2);
  });

  it('and has ended, the refresh token is sent once more', async () => {
    await open(dropped, dead);
    const account = await stage.add({ ...at(), expiresAt: NOW + HOUR });
    await stage.refresh(account);
    stage.clock.advance(HOUR);
    expect(await stage.refresh(await stage.account(account))).toMatchObject({
      kind: 'login_needed',
      error: { message: INTERRUPTED },
    });
  });

  it('or its expiry is unknown, the refresh token is kept back for an hour', async () => {
    await open(oauthError('server_error', 503), renewed());
    const account = await stage.add({ ...at(), expiresAt: null });
    await stage.refresh(account, { policy: LONG_RETRIES });
    const message = expect.stringContaining('is not refreshed for another 59m, because its access token');
    for (const minutes of [1, -2]) {
      stage.clock.advance(minutes * MINUTE);
      const held = await stage.refresh(await stage.account(account), { policy: LONG_RETRIES });
      expect(held).toMatchObject({ kind: 'open', error: { message } });
    }
    expect(stage.sent()).toHaveLength(1);
    stage.clock.advance(HOUR + MINUTE);
    expect((await stage.refresh(await stage.account(account))).kind).toBe('refreshed');
  });

  it('a request that was not processed is sent again', async () => {
    await open(oauthError('rate_limited', 429));
    const account = await stage.add({ ...at(), expiresAt: NOW + HOUR });
    await stage.refresh(account, { policy: LONG_RETRIES });
    expect(stage.sent()).toHaveLength(2);
    expect(await stage.intentOf(account)).toBeNull();
  });

  const at = () => ({ issuer: stage.server.url, tokenEndpoint: `${stage.server.url}/token` });
});

describe('a provider with "resend": "never"', () => {
  it('is not sent a refresh token again that may have arrived', async () => {
    await open(dropped);
    stage.settings['resend'] = 'never';
    const account = await stage.addExpired();
    expect(await stage.refresh(account, { policy: LONG_RETRIES })).toMatchObject({ error: OPEN });
    expect(stage.sent()).toHaveLength(1);
    expect(await stage.intentOf(account)).not.toBeNull();
  });
});

describe('a sent request', () => {
  it('has two minutes for its answer, and is not repeated after that', async () => {
    await open(dropped);
    const account = await stage.addExpired();
    const deadlines: unknown[] = [];
    const http = async () => ({
      ...stage.http,
      send: async ({ deadline }: { readonly deadline?: number | undefined }) => {
        deadlines.push(deadline);
        throw new TransportFailure('timeout', 'maybe', 'issuer.example');
      },
    });
    expect(await stage.refresh(account, { http })).toMatchObject({ kind: 'transient', error: OPEN });
    expect(deadlines).toEqual([2 * MINUTE]);
  });
});
