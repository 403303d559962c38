import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Account } from '../../../src/domain/account.js';
import { MINUTE } from '../../../src/domain/duration.js';
import { VaultError } from '../../../src/domain/errors.js';
import type { RefreshOutcome } from '../../../src/domain/status.js';
import { ensureValid } from '../../../src/services/token/token.js';
import type { TokenRequest } from '../../../src/services/token/token-request.js';
import { NOW } from '../../doubles/terminal.js';
import { EXPIRED, type TestContext, testContext } from '../../harness/test-context.js';
import { never, REQUEST, type Refresh } from './asking.js';

let stage: TestContext;
beforeEach(async () => {
  stage = await testContext();
});
afterEach(() => stage.close());

function token(refresh: Refresh, request: Partial<TokenRequest> = {}) {
  return ensureValid({ ...stage.ctx, refresh }, { ...REQUEST, ...request });
}

/** Still good, but not for as long as is asked. */
const ENDING = { issuedAt: NOW - 56 * MINUTE, expiresAt: NOW + 4 * MINUTE } as const;
const LOGIN = 'vault login demo/alice@example.com';

type Failed = Exclude<RefreshOutcome['kind'], 'refreshed' | 'adopted'>;
const FAILURES: readonly (readonly [Failed, VaultError])[] = [
  ['login_needed', new VaultError('login_needed', 'the grant is dead', { hint: LOGIN })],
  ['transient', new VaultError('network_failed', 'demo could not be reached', { hint: 'try again' })],
  ['refused', new VaultError('client_refused', 'demo refuses this client', { hint: 'vault providers demo' })],
  ['busy', new VaultError('busy', 'another process holds it')],
  [
    'open',
    new VaultError('refresh_interrupted', 'its answer was lost', { hint: 'vault refresh demo --force' }),
  ],
];

const failing =
  (kind: Failed, error: VaultError): Refresh =>
  async (_, account: Account) => ({ kind, account, error });

describe('a refresh that fails', () => {
  it.each(FAILURES)('as %s is the answer if the token has ended', async (kind, error) => {
    await stage.add(EXPIRED);
    await expect(token(failing(kind, error))).rejects.toBe(error);
  });

  it.each(FAILURES)('as %s still returns a valid token', async (kind, error) => {
    await stage.add(ENDING);
    const { accessToken, warning } = await token(failing(kind, error));
    expect(accessToken.reveal()).toBe('access-token-example');
    const next = error.hint === undefined ? '' : ` (${error.hint})`;
    expect(warning).toBe(
      `the token of demo/alice@example.com expires in 4m and could not be renewed: ${error.message}${next}`,
    );
  });

  it.each(FAILURES)('as %s is the answer if a refresh was requested', async (kind, error) => {
    await stage.add();
    await expect(token(failing(kind, error), { refresh: true })).rejects.toBe(error);
  });

  it('by a thrown error is treated the same', async () => {
    const error = new VaultError('client_not_configured', 'Demo cannot be used yet');
    const throwing = () => Promise.reject(error);
    const { id } = await stage.add(ENDING);
    expect((await token(throwing)).warning).toContain('Demo cannot be used yet');
    await stage.vault.remove(id);
    await stage.add(EXPIRED);
    await expect(token(throwing)).rejects.toBe(error);
  });

  it.each(['interrupted', 'terminated'] as const)('because it was %s returns no token', async (code) => {
    await stage.add(ENDING);
    const error = new VaultError(code, code);
    await expect(token(() => Promise.reject(error))).rejects.toBe(error);
  });

  it('by a bug is not hidden by a token', async () => {
    await stage.add(ENDING);
    await expect(token(() => Promise.reject(new TypeError('a bug')))).rejects.toThrow(TypeError);
  });

  it('after a wait in which the token ended returns none', async () => {
    await stage.add(ENDING);
    const error = new VaultError('busy', 'another process holds it');
    const waiting: Refresh = async (_, account) => {
      stage.clock.advance(4 * MINUTE);
      return { kind: 'busy', account, error };
    };
    await expect(token(waiting)).rejects.toBe(error);
  });

  it('tells the refresher whether a usable token is at hand', async () => {
    const asked: boolean[] = [];
    const listening: Refresh = async (_, account, tokenAtHand) => {
      asked.push(tokenAtHand);
      return { kind: 'busy', account, error: new VaultError('busy', 'held') };
    };
    const { id } = await stage.add(ENDING);
    await token(listening);
    await expect(token(listening, { refresh: true })).rejects.toMatchObject({ code: 'busy' });
    await stage.vault.remove(id);
    await stage.add(EXPIRED);
    await expect(token(listening)).rejects.toMatchObject({ code: 'busy' });
    expect(asked).toEqual([true, false, false]);
  });
});

describe('an account that cannot be refreshed', () => {
  it('without a refresh token returns its valid token, with the next login', async () => {
    await stage.add(ENDING, { refreshToken: null });
    const { accessToken, warning } = await token(never);
    expect(accessToken.reveal()).toBe('access-token-example');
    expect(warning).toBe(`the token of demo/alice@example.com expires in 4m and cannot be renewed: ${LOGIN}`);
  });

  it('reports nothing while the token is valid for long enough', async () => {
    await stage.add({}, { refreshToken: null });
    expect((await token(never)).warning).toBeNull();
  });

  it('with the status login_needed returns its token while it is valid', async () => {
    await stage.add({ ...ENDING, status: 'login_needed', reason: 'demo no longer accepts it' });
    expect((await token(never)).warning).toContain('cannot be renewed');
  });

  it('with the status login_needed and an ended token sends nothing and says why', async () => {
    await stage.add({ ...EXPIRED, status: 'login_needed', reason: 'demo no longer accepts it' });
    await expect(token(never)).rejects.toMatchObject({
      code: 'login_needed',
      message: 'demo no longer accepts it',
      hint: LOGIN,
    });
  });

  it('with the status login_needed sends nothing even with --refresh', async () => {
    await stage.add({ status: 'login_needed', reason: null });
    await expect(token(never, { refresh: true })).rejects.toMatchObject({
      code: 'login_needed',
      message: 'demo/alice@example.com needs a new login',
    });
  });
});

describe('an account that is removed in the meantime', () => {
  it('is reported as removed', async () => {
    const { id } = await stage.add(EXPIRED);
    const removing: Refresh = async (vault, account) => {
      await vault.remove(id);
      return { kind: 'refreshed', account };
    };
    await expect(token(removing)).rejects.toMatchObject({
      code: 'account_not_found',
      message: 'demo/alice@example.com was removed meanwhile',
      hint: 'vault login demo',
    });
  });

  it('between being selected and being read is not found', async () => {
    const { id } = await stage.add();
    const vault = {
      ...stage.vault,
      namesBeginningWith: async (prefix: string) => {
        const found = await stage.vault.namesBeginningWith(prefix);
        await stage.vault.remove(id);
        return found;
      },
    };
    const ctx = { ...stage.ctx, vault: async () => vault, refresh: never };
    await expect(ensureValid(ctx, { ...REQUEST, selector: 'demo' })).rejects.toMatchObject({
      code: 'account_not_found',
    });
  });

  it('is not found without a vault', async () => {
    const ctx = { ...stage.ctx, vault: async () => null, refresh: never };
    await expect(ensureValid(ctx, REQUEST)).rejects.toMatchObject({
      code: 'account_not_found',
      message: 'there is no account in this vault yet',
    });
  });
});

describe('an account that failed several times in a row', () => {
  const RESTING = {
    status: 'failing',
    reason: 'demo could not be reached',
    lastError: 'network_failed',
    failures: 4,
    retryAt: NOW + 2 * MINUTE,
  } as const;

  it('is skipped for a while, with the reason', async () => {
    await stage.add({ ...EXPIRED, ...RESTING });
    await expect(token(never)).rejects.toMatchObject({
      code: 'provider_unavailable',
      message:
        'the refresh of demo/alice@example.com failed 4 times in a row and is tried again in 2m: demo could not be reached',
      hint: 'to try now: vault token demo/alice@example.com --refresh',
    });
  });

  it('still returns a valid token', async () => {
    await stage.add({ ...ENDING, ...RESTING });
    const { accessToken, warning } = await token(never);
    expect([accessToken.reveal(), warning]).toEqual([
      'access-token-example',
      expect.stringContaining('tried again in 2m'),
    ]);
  });

  it('is refreshed on request, and when the time has come', async () => {
    await stage.add({ ...EXPIRED, ...RESTING });
    const gone = new VaultError('network_failed', 'demo could not be reached');
    await expect(token(failing('transient', gone), { refresh: true })).rejects.toBe(gone);
    stage.clock.advance(2 * MINUTE);
    await expect(token(failing('transient', gone))).rejects.toBe(gone);
  });
});
