import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HOUR, MINUTE, SECOND } from '../../../src/domain/duration.js';
import type { Secret } from '../../../src/domain/secret.js';
import { digestOf } from '../../../src/services/token/refused.js';
import { ensureValid } from '../../../src/services/token/token.js';
import type { TokenRequest } from '../../../src/services/token/token-request.js';
import { idTokenOf } from '../../doubles/id-token.js';
import { NOW } from '../../doubles/terminal.js';
import { EXPIRED, type TestContext, testContext } from '../../harness/test-context.js';
import { REQUEST, type Refresh } from './asking.js';

let stage: TestContext;
let refreshes: number;
beforeEach(async () => {
  stage = await testContext();
  refreshes = 0;
});
afterEach(() => stage.close());

/** @param left milliseconds that it is valid from now. @param lifetime in milliseconds */
function idToken(left: number, lifetime: number = HOUR) {
  const expiresAt = stage.clock.now() + left;
  const claims = { iat: (expiresAt - lifetime) / SECOND, exp: expiresAt / SECOND, sub: 'subject-alice' };
  return { token: idTokenOf(claims), expiresAt };
}

/** Stores what a refresh has brought. */
const bringing =
  (brought: ReturnType<typeof idToken> | null, warning?: string): Refresh =>
  async (vault, { id }) => {
    refreshes += 1;
    const current = await stage.account({ id });
    const contents = await vault.contents(current);
    const at = stage.clock.now();
    const change = { issuedAt: at, expiresAt: at + HOUR, lastRefreshAt: at };
    const stored = await vault.update(current, change, { ...contents, idToken: brought ?? contents.idToken });
    return { kind: 'refreshed', account: stored ?? current, ...(warning !== undefined && { warning }) };
  };

async function given(request: Partial<TokenRequest> = {}, refresh: Refresh = bringing(null)) {
  const valid = await ensureValid({ ...stage.ctx, refresh }, { ...REQUEST, idToken: true, ...request });
  return { ...valid, token: valid.accessToken.reveal() };
}

describe('a stored id_token', () => {
  it('is returned with its own end while it is valid, without a refresh', async () => {
    const stored = idToken(30 * MINUTE);
    await stage.add(EXPIRED, { idToken: stored });
    expect(await given()).toMatchObject({
      token: stored.token.reveal(),
      isIdToken: true,
      account: { expiresAt: stored.expiresAt, tokenType: 'Bearer' },
      warning: null,
    });
    expect(refreshes).toBe(0);
    expect(stage.events).toMatchObject([{ event: 'token_given', token: 'id_token' }]);
  });

  it('is replaced by that of a refresh if it ends sooner than requested', async () => {
    await stage.add({}, { idToken: idToken(4 * MINUTE) });
    const later = idToken(HOUR);
    expect(await given({}, bringing(later))).toMatchObject({ token: later.token.reveal(), warning: null });
    expect(refreshes).toBe(1);
  });

  it('needs only half of its lifetime if the provider issues no longer ones', async () => {
    await stage.add({}, { idToken: idToken(4 * MINUTE, 5 * MINUTE) });
    expect((await given()).warning).toBe('the id_token of demo/alice@example.com expires in 4m');
    stage.clock.advance(2 * MINUTE);
    await given({}, bringing(idToken(5 * MINUTE, 5 * MINUTE)));
    expect(refreshes).toBe(1);
  });

  it.each([
    ['it is requested', () => ({ refresh: true })],
    ['it was refused', (stored: Secret) => ({ refused: digestOf(stored) })],
  ])('is replaced if %s', async (_, requestFor) => {
    const stored = idToken(30 * MINUTE);
    await stage.add({}, { idToken: stored });
    const request = requestFor(stored.token);
    const later = idToken(HOUR);
    expect((await given(request, bringing(later))).token).toBe(later.token.reveal());
  });

  it('is returned if another one was refused', async () => {
    const stored = idToken(30 * MINUTE);
    await stage.add({}, { idToken: stored });
    expect((await given({ refused: digestOf(idToken(0).token) })).token).toBe(stored.token.reveal());
    expect(refreshes).toBe(0);
  });

  it('is returned with a warning while it is valid, if the refresh brings no other', async () => {
    const stored = idToken(2 * MINUTE);
    await stage.add({}, { idToken: stored });
    expect(await given()).toMatchObject({
      token: stored.token.reveal(),
      warning: 'the id_token of demo/alice@example.com expires in 2m; the refresh returned no new one',
    });
    await expect(given({ insist: true })).rejects.toMatchObject({ code: 'login_needed' });
  });
});

describe('there is no id_token', () => {
  it('of an account that was logged in without openid', async () => {
    await stage.add({ askedScopes: ['email'], grantedScopes: ['email'] });
    await expect(given()).rejects.toMatchObject({
      code: 'scope_missing',
      hint: 'vault login demo/alice@example.com --add-scope openid',
    });
    expect(refreshes).toBe(0);
  });

  it('if it has ended and the refresh brings none, and no second refresh follows', async () => {
    await stage.add({}, { idToken: idToken(-MINUTE) });
    const failure = {
      code: 'login_needed',
      message:
        'the id_token of demo/alice@example.com expired 1m ago, and the last refresh brought none: a provider need not send one',
      hint: 'a login brings one: vault login demo/alice@example.com',
    };
    await expect(given()).rejects.toMatchObject(failure);
    await expect(given()).rejects.toMatchObject(failure);
    expect(refreshes).toBe(1);
    stage.clock.advance(6 * MINUTE);
    await expect(given()).rejects.toMatchObject({ code: 'login_needed' });
    expect(refreshes).toBe(2);
  });

  it('if that of the refresh was not stored, which the error says', async () => {
    await stage.add({}, { idToken: idToken(-MINUTE) });
    await expect(given({}, bringing(null, 'its sub is not as expected'))).rejects.toMatchObject({
      message: expect.stringContaining('expired 1m ago, and its sub is not as expected'),
    });
  });

  it('if it has ended and there is no refresh token', async () => {
    await stage.add({}, { idToken: idToken(-MINUTE), refreshToken: null });
    await expect(given()).rejects.toMatchObject({
      code: 'login_needed',
      message: expect.stringContaining('without a refresh token'),
      hint: 'vault login demo/alice@example.com',
    });
  });

  it('if it has ended while the provider is to be left alone', async () => {
    await stage.add({ failures: 3, retryAt: NOW + MINUTE }, { idToken: idToken(-MINUTE) });
    await expect(given()).rejects.toMatchObject({ code: 'provider_unavailable' });
    expect(refreshes).toBe(0);
  });

  it('for a mail server', async () => {
    await stage.add({}, { idToken: idToken(HOUR) });
    await expect(given({ withIdentity: true })).rejects.toMatchObject({
      code: 'usage',
      hint: 'leave out --id-token',
    });
  });
});

describe('the first id_token', () => {
  it('of an account with openid comes with a refresh', async () => {
    await stage.add();
    const first = idToken(HOUR);
    expect((await given({}, bringing(first))).token).toBe(first.token.reveal());
  });
});
