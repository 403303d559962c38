import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DAY, HOUR, MINUTE, SECOND } from '../../../src/domain/duration.js';
import { ensureValid } from '../../../src/services/token/token.js';
import type { TokenRequest } from '../../../src/services/token/token-request.js';
import type { AccountFacts } from '../../../src/vault/sealed-account.js';
import { NOW } from '../../doubles/terminal.js';
import { ALICE, EXPIRED, type TestContext, testContext } from '../../harness/test-context.js';
import { never, REQUEST, type Refresh, renewing as renewingIn } from './asking.js';

let stage: TestContext;
beforeEach(async () => {
  stage = await testContext();
});
afterEach(() => stage.close());

const renewing = (change: Partial<AccountFacts> = {}) => renewingIn(stage, change);

function token(
  request: Partial<TokenRequest> = {},
  refresh: Refresh = never,
  scopeAliases: Readonly<Record<string, string>> = {},
) {
  const providerOrNull = async () => ({ scopeAliases }) as never;
  return ensureValid({ ...stage.ctx, providerOrNull, refresh }, { ...REQUEST, ...request });
}

const given = async (...args: Parameters<typeof token>) => {
  const { accessToken, warning } = await token(...args);
  return { token: accessToken.reveal(), warning };
};
const STORED = { token: 'access-token-example', warning: null };
const RENEWED = { token: 'access-token-renewed', warning: null };

describe('a token that is valid for long enough', () => {
  it('is returned immediately, without a refresh', async () => {
    const account = await stage.add();
    expect(await token()).toMatchObject({ account: { id: account.id }, email: null, warning: null });
    expect(await given()).toEqual(STORED);
  });

  it('is compared with the requested time', async () => {
    await stage.add();
    expect(await given({ minValid: 59 * MINUTE })).toEqual(STORED);
    stage.clock.advance(56 * MINUTE);
    expect(await given({ minValid: 3 * MINUTE })).toEqual(STORED);
    expect(await given({}, renewing())).toEqual(RENEWED);
  });

  it('needs only half of its lifetime if the provider issues no longer ones', async () => {
    await stage.add({ expiresAt: NOW + 4 * MINUTE });
    const warning = expect.stringMatching(/expires in 4m: the provider does not issue longer-lived tokens$/);
    expect(await given()).toEqual({ ...STORED, warning });
    stage.clock.advance(2 * MINUTE);
    expect(await given({}, renewing({ expiresAt: stage.clock.now() + 4 * MINUTE }))).toEqual({
      token: 'access-token-renewed',
      warning,
    });
    expect(await given()).toEqual({ ...RENEWED, warning });
  });

  it('may have an unknown expiry', async () => {
    await stage.add({ expiresAt: null });
    stage.clock.advance(400 * DAY);
    expect(await given({ minValid: 7 * DAY })).toEqual(STORED);
  });

  it('was not issued in the future, as after the clock was set back', async () => {
    await stage.add({ issuedAt: NOW + DAY, expiresAt: NOW + DAY + HOUR });
    expect(await given({}, renewing())).toEqual(RENEWED);
    expect(await given()).toEqual(RENEWED);
  });

  it('is refreshed if that is requested', async () => {
    await stage.add();
    expect(await given({ refresh: true }, renewing())).toEqual(RENEWED);
  });

  it('comes with the identity only if a format needs it', async () => {
    await stage.add();
    expect((await token({ withIdentity: true })).email).toBe(ALICE.email);
    expect((await token()).email).toBeNull();
  });

  it('comes with the identity after a refresh as well', async () => {
    await stage.add(EXPIRED);
    expect((await token({ withIdentity: true }, renewing())).email).toBe(ALICE.email);
  });

  it('is read again if another process has renewed it', async () => {
    const seen = await stage.add(EXPIRED);
    const other = await stage.another();
    const elsewhere: Refresh = async (_, account) => {
      await renewing()(other, account, false);
      return { kind: 'adopted', account: await stage.account(seen) };
    };
    expect(await given({}, elsewhere)).toEqual(RENEWED);
  });

  it('is requested once more if the one stored by another process has ended', async () => {
    await stage.add(EXPIRED);
    let calls = 0;
    const twice: Refresh = async (vault, account, tokenAtHand) => {
      calls += 1;
      if (calls > 1) return renewing()(vault, account, tokenAtHand);
      const stored = await renewing({ expiresAt: NOW - MINUTE })(vault, account, tokenAtHand);
      return { kind: 'adopted', account: stored.account };
    };
    expect(await given({}, twice)).toEqual(RENEWED);
    expect(calls).toBe(2);
  });

  it('is not one that ends before it can arrive, even if just issued', async () => {
    await stage.add(EXPIRED);
    await expect(token({}, renewing({ expiresAt: NOW + 5 * SECOND }))).rejects.toMatchObject({
      code: 'provider_answer_invalid',
      message: 'the new token of demo/alice@example.com expires in 5s, too soon to be used',
    });
  });
});

describe('requested scopes', () => {
  const ALIASES = { email: 'https://issuer.example/auth/email' };

  it('return the token if all of them were granted', async () => {
    await stage.add();
    expect(await given({ scopes: ['email', 'openid'] })).toEqual(STORED);
  });

  it('are found under their aliases', async () => {
    await stage.add({ grantedScopes: ['openid', 'email'] });
    expect(await given({ scopes: [ALIASES.email] }, never, ALIASES)).toEqual(STORED);
    const full = await stage.add(
      { label: 'full', grantedScopes: [ALIASES.email] },
      { identity: { ...ALICE, subject: '2' } },
    );
    expect(await given({ selector: `demo/${full.label}`, scopes: ['email'] }, never, ALIASES)).toEqual(
      STORED,
    );
  });

  it('are named if missing, with the login that adds them, before a request', async () => {
    await stage.add(EXPIRED);
    await expect(token({ scopes: ['email', 'mail.read', 'mail.send'] })).rejects.toMatchObject({
      code: 'scope_missing',
      message: 'demo/alice@example.com was not granted mail.read mail.send',
      hint: 'vault login demo/alice@example.com --add-scope mail.read --add-scope mail.send',
      details: { missing_scopes: ['mail.read', 'mail.send'], granted_scopes: ['openid', 'email'] },
    });
  });

  it('are not confused with properties of every object', async () => {
    await stage.add();
    await expect(token({ scopes: ['constructor'] })).rejects.toMatchObject({ code: 'scope_missing' });
  });

  it('are checked again after a refresh, which may have withdrawn some', async () => {
    await stage.add(EXPIRED);
    await expect(token({ scopes: ['email'] }, renewing({ grantedScopes: ['openid'] }))).rejects.toMatchObject(
      { code: 'scope_missing' },
    );
  });
});
