import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { VaultError } from '../../../src/domain/errors.js';
import { Secret } from '../../../src/domain/secret.js';
import { lockAndRead } from '../../../src/services/locked-account.js';
import { storeWaitingLogins } from '../../../src/services/login/waiting-logins.js';
import type { SealedAccount } from '../../../src/stores/contract.js';
import { sqliteLocks } from '../../../src/stores/locks.js';
import { NOW } from '../../doubles/terminal.js';
import { granted } from '../../doubles/token-answers.js';
import { leaveAnswer, leaveDamaged } from '../../harness/leave-answer.js';
import { tamper } from '../../harness/tamper.js';
import { ALICE, type TestContext, testContext } from '../../harness/test-context.js';
import { ANSWER, storing, WITHOUT_REFRESH } from './storing.js';

let stage: TestContext;
let store: ReturnType<typeof storing>;
beforeEach(async () => {
  stage = await testContext();
  store = storing(stage);
});
afterEach(() => stage.close());

const FULL = new VaultError('vault_not_writable', '/vault.db cannot be used: the disk is full', {
  hint: 'df',
});
const refreshTokenOf = async (account: Pick<SealedAccount, 'id'>) => (await stage.tokens(account)).refresh;

/** Leaves a refresh open of which the answer was lost. */
async function leaveIntent(account: SealedAccount): Promise<void> {
  const { refreshToken } = await stage.vault.contents(account);
  if (refreshToken === null) throw new Error('there is a refresh token');
  await stage.vault.intend(account, refreshToken, NOW, 1);
}

async function replaceRefreshToken(account: SealedAccount, refreshToken: string): Promise<void> {
  const contents = await stage.vault.contents(account);
  const at = NOW + 60_000;
  await stage.vault.update(
    account,
    { issuedAt: at },
    { ...contents, refreshToken: new Secret(refreshToken) },
  );
}

describe('a login of an account with a spilled answer', () => {
  it('stores the answer first, and keeps its refresh token if it brings none', async () => {
    const account = await stage.add();
    await leaveAnswer(stage, account);
    const stored = await store({ answer: WITHOUT_REFRESH });
    expect(stored).toMatchObject({ created: false, tokenMayBeSpent: false });
    expect(await stage.tokens(account)).toEqual({
      access: 'access-token-new',
      refresh: 'refresh-token-waiting',
    });
    expect(stage.spill.all()).toEqual([]);
  });

  it('keeps an answer that does not open, and warns about the refresh token', async () => {
    const account = await stage.add();
    leaveDamaged(stage, account);
    const stored = await store({ answer: WITHOUT_REFRESH });
    expect(stored.tokenMayBeSpent).toBe(true);
    expect(stored.account.reason).toContain('may no longer work');
    expect(stage.spill.find(account.id)).toHaveLength(1);
    expect((await store()).tokenMayBeSpent).toBe(false);
  });
});

describe('a login of an account with an open refresh', () => {
  it('keeps it open if it brings no refresh token, and warns about the stored one', async () => {
    const account = await stage.add();
    await leaveIntent(account);
    expect((await store({ answer: WITHOUT_REFRESH })).tokenMayBeSpent).toBe(true);
    expect(await refreshTokenOf(account)).toBe('refresh-token-example');
    expect(await stage.vault.intent(account.id)).not.toBeNull();
  });

  it('settles it with a refresh token of its own', async () => {
    const account = await stage.add();
    await leaveIntent(account);
    expect(await store({ scopes: ['openid', 'email'] })).toMatchObject({
      tokenMayBeSpent: false,
      account: { reason: null },
    });
    expect(await stage.vault.intent(account.id)).toBeNull();
  });
});

describe('a login of an account that another process holds', () => {
  /** Their waiting takes place on the test's clock. */
  const locks = () => sqliteLocks(stage.paths.locks, stage.files, stage.clock);

  it('waits without a limit, and says so', async () => {
    const account = await stage.add();
    const held = await stage.locks.acquire(account.id, 0);
    const told: string[] = [];
    stage.clock.onSleep = async () => {
      if (stage.clock.elapsed() - NOW > 200_000) await held.release();
    };
    const stored = await store({}, stage.vault, { locks: locks(), onHeld: () => void told.push('held') });
    expect(told).toEqual(['held']);
    expect(stored.account.id).toBe(account.id);
    expect(await refreshTokenOf(account)).toBe('refresh-token-new');
  });

  it('is spilled if it is interrupted, and stored once the lock is free', async () => {
    const account = await stage.add();
    const held = await stage.locks.acquire(account.id, 0);
    const stop = new AbortController();
    const onHeld = () => stop.abort(new VaultError('interrupted', 'interrupted'));
    const over = { locks: locks(), onHeld, interruption: stop.signal };
    await expect(store({ at: NOW + 1 }, stage.vault, over)).rejects.toMatchObject({
      code: 'interrupted',
      message: expect.stringContaining('its tokens are kept encrypted beside the vault'),
      details: { waiting: true },
    });
    await stage.vault.update(account, { issuedAt: NOW + 9 }, await stage.vault.contents(account));
    await held.release();
    const now = await lockAndRead(stage, stage.vault, account.id, 0);
    await now.release();
    expect(now.recovered).toBe(true);
    expect(await refreshTokenOf(account)).toBe('refresh-token-new');
    expect(await stage.vault.consents(account.id)).toMatchObject([{ at: NOW + 1, how: 'browser' }]);
    expect(stage.spill.all()).toEqual([]);
  });

  it('does not replace a later login when it is stored', async () => {
    const account = await stage.add();
    const vault = { ...stage.vault, update: () => Promise.reject(FULL) };
    await expect(store({ at: NOW + 1 }, vault)).rejects.toMatchObject({ code: FULL.code });
    const consent = { at: NOW + 2, how: 'browser', askedScopes: [], grantedScopes: [] } as const;
    await stage.vault.addConsent(account.id, consent);
    await (await lockAndRead(stage, stage.vault, account.id, 0)).release();
    expect(await refreshTokenOf(account)).toBe('refresh-token-example');
    expect(stage.spill.all()).toEqual([]);
  });
});

describe('a login that the database cannot store', () => {
  const takeIn = () => storeWaitingLogins({ ...stage.ctx, spill: stage.spill });
  const refusing = () => ({ ...stage.vault, add: () => Promise.reject(FULL) });

  it('is spilled, even without an account, and stored by the next command', async () => {
    await expect(store({}, refusing())).rejects.toMatchObject({
      code: 'vault_not_writable',
      message: expect.stringContaining('the login is complete, but could not be stored: /vault.db cannot'),
      hint: 'df\nthen store them: vault refresh --all',
      details: { waiting: true },
    });
    expect(stage.spill.all()).toHaveLength(1);
    expect(Buffer.from(stage.spill.all()[0]?.sealed ?? []).includes('refresh-token-new')).toBe(false);
    await takeIn();
    const [account] = await stage.vault.accounts();
    expect(account).toMatchObject({ label: 'alice@example.com', grantedScopes: ['openid'], createdAt: NOW });
    expect(await stage.tokens(account as SealedAccount)).toEqual({
      access: 'access-token-new',
      refresh: 'refresh-token-new',
    });
    expect(await stage.vault.consents(account?.id ?? '')).toMatchObject([{ at: NOW }]);
    expect(stage.spill.all()).toEqual([]);
    await takeIn();
    expect(await stage.vault.accounts()).toHaveLength(1);
  });

  it('is stored once, even if the process was killed before it cleared the slot', async () => {
    await expect(store({}, refusing())).rejects.toMatchObject({ code: 'vault_not_writable' });
    const find = (id: string) => stage.spill.find(id).map((found) => ({ ...found, clear: () => {} }));
    await storeWaitingLogins({ ...stage.ctx, spill: { ...stage.spill, find } });
    const [account] = await stage.vault.accounts();
    await replaceRefreshToken(await stage.account(account as SealedAccount), 'refresh-token-next');
    await takeIn();
    expect(await refreshTokenOf(account as SealedAccount)).toBe('refresh-token-next');
    expect(stage.spill.all()).toEqual([]);
  });

  it('gets another name if the given one was taken in the meantime', async () => {
    await expect(store({ as: 'work' }, refusing())).rejects.toMatchObject({ code: 'vault_not_writable' });
    await store({ as: 'work', identity: { ...ALICE, subject: 'another' } });
    await takeIn();
    expect((await stage.vault.accounts()).map(({ label }) => label)).toEqual(['alice@example.com', 'work']);
  });

  it('stays in its slot if it does not open', async () => {
    const accountId = '00000000-0000-4000-8000-00000000000a';
    stage.spill.reserve().write({ accountId, generation: null, sealed: Buffer.from('damaged') });
    await takeIn();
    expect(stage.spill.all()).toHaveLength(1);
  });

  it('is kept, and the vault reported damaged, if a free name is not stored', async () => {
    tamper(stage.paths.database, "CREATE UNIQUE INDEX odd ON accounts (provider, issuer, substr('x', 1))");
    await store({ identity: { ...ALICE, subject: 'another', email: 'bob@example.com' } });
    await expect(store()).rejects.toMatchObject({ code: 'vault_damaged', details: { waiting: true } });
    expect(stage.spill.all()).toHaveLength(1);
  });

  it('is kept without its scopes if they do not fit', async () => {
    const scopes = Array.from({ length: 9_000 }, (_, index) => `scope-${index}`);
    await expect(store({ scopes }, refusing())).rejects.toMatchObject({ code: 'vault_not_writable' });
    await takeIn();
    const [account] = await stage.vault.accounts();
    expect(await refreshTokenOf(account as SealedAccount)).toBe('refresh-token-new');
  });

  it('is not kept if it is refused because the name belongs to another user', async () => {
    await store({ as: 'work' });
    const other = { as: 'work', identity: { ...ALICE, subject: 'another' }, answer: granted(ANSWER) };
    await expect(store(other)).rejects.toMatchObject({ code: 'account_name_taken' });
    expect(stage.spill.all()).toEqual([]);
  });
});
