import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { VaultError } from '../../../src/domain/errors.js';
import { Secret } from '../../../src/domain/secret.js';
import type { SealedAccount } from '../../../src/stores/contract.js';
import { renewed } from '../../doubles/token-endpoint.js';
import { tamper } from '../../harness/tamper.js';
import { ALICE } from '../../harness/test-context.js';
import { type RefreshTest, refreshTest } from './refresh-test.js';

let stage: RefreshTest;

beforeEach(async () => {
  stage = await refreshTest(renewed());
});
afterEach(() => stage.close());

const FULL = new VaultError('vault_not_writable', '/vault.db cannot be used: the disk is full', {
  hint: 'df',
});

/** An account whose refresh token was spent for an answer that waits beside the vault. */
async function spilled(): Promise<SealedAccount> {
  const account = await stage.addExpired();
  const vault = { ...stage.vault, update: () => Promise.reject(FULL) };
  await expect(stage.refresh(account, { vault })).rejects.toMatchObject({ code: FULL.code });
  return account;
}

describe('an answer that the database cannot store', () => {
  it('goes into the spill slot, and the next refresh stores it without a request', async () => {
    const account = await stage.addExpired();
    const vault = { ...stage.vault, update: () => Promise.reject(FULL) };
    await expect(stage.refresh(account, { vault })).rejects.toMatchObject({
      code: 'vault_not_writable',
      message: expect.stringContaining('they are kept encrypted beside the vault'),
      hint: 'df',
    });
    expect((await stage.tokens(account)).refresh).toBe('refresh-token-example');

    expect((await stage.refresh(account)).kind).toBe('adopted');
    expect(stage.server.received).toHaveLength(1);
    expect((await stage.tokens(account)).refresh).toBe('refresh-token-renewed');
    expect(await stage.intentOf(account)).toBeNull();
    expect(stage.deps.spill.find(account.id)).toEqual([]);
  });

  it('is not in the spill slot in plain text', async () => {
    const account = await stage.addExpired();
    const vault = { ...stage.vault, update: () => Promise.reject(FULL) };
    await expect(stage.refresh(account, { vault })).rejects.toBeInstanceOf(VaultError);
    const [found] = stage.deps.spill.find(account.id);
    expect(Buffer.from(found?.sealed ?? []).includes('refresh-token-renewed')).toBe(false);
    expect(found?.sealed.length).toBeGreaterThan(100);
  });

  it('that does not open stays in its slot, and the refresh continues', async () => {
    const account = await stage.addExpired();
    const { id: accountId, generation } = account;
    const answer = { change: {}, accessToken: null, refreshToken: null, idToken: null };
    const whole = await stage.vault.sealAnswer(account, answer);
    for (const sealed of [whole.subarray(0, whole.length / 2), Buffer.alloc(0)])
      stage.deps.spill.reserve().write({ accountId, generation, sealed });
    expect((await stage.refresh(account)).kind).toBe('refreshed');
    expect(stage.deps.spill.find(account.id)).toHaveLength(2);
  });

  it('gives its refresh token to an account that a login has changed without one', async () => {
    const account = await spilled();
    const current = await stage.account(account);
    const accessToken = new Secret('access-token-of-a-login');
    const contents = { ...(await stage.vault.contents(current)), accessToken };
    const later = { issuedAt: stage.clock.now() + 1, expiresAt: stage.clock.now() + 5 };
    await stage.vault.update(current, later, contents);
    expect((await stage.refresh(await stage.account(account))).kind).toBe('adopted');
    expect(await stage.tokens(account)).toEqual({
      access: 'access-token-of-a-login',
      refresh: 'refresh-token-renewed',
    });
    expect(await stage.account(account)).toMatchObject(later);
    expect(stage.sent()).toEqual(['refresh-token-example']);
    expect(stage.deps.spill.find(account.id)).toEqual([]);
  });

  it('makes an account active again whose replaced token was refused', async () => {
    const account = await spilled();
    const current = await stage.account(account);
    const refused = { status: 'login_needed', reason: 'x', lastError: 'login_needed', failures: 1 } as const;
    const change = { ...refused, issuedAt: stage.clock.now() + 1 };
    await stage.vault.update(current, change, await stage.vault.contents(current));
    expect((await stage.refresh(await stage.account(account))).kind).toBe('adopted');
    expect(await stage.account(account)).toMatchObject({ status: 'active', failures: 0, lastError: null });
  });

  it('gives way to the refresh token of a later login, and is cleared', async () => {
    const account = await spilled();
    const current = await stage.account(account);
    const contents = await stage.vault.contents(current);
    const refreshToken = new Secret('refresh-token-of-a-login');
    await stage.vault.update(current, { issuedAt: stage.clock.now() + 1 }, { ...contents, refreshToken });
    expect((await stage.refresh(await stage.account(account))).kind).toBe('refreshed');
    expect(stage.sent()).toEqual(['refresh-token-example', 'refresh-token-of-a-login']);
    expect(stage.deps.spill.find(account.id)).toEqual([]);
  });

  it('gives way to a spilled login that was stored after it but begun before it', async () => {
    stage.clock.advance(10);
    const account = await spilled();
    const at = account.createdAt + 1;
    const contents = {
      ...(await stage.vault.contents(account)),
      accessToken: new Secret('access-token-login'),
    };
    const refreshToken = new Secret('refresh-token-of-a-login');
    const consent = { at, how: 'browser', askedScopes: [], grantedScopes: [] } as const;
    const facts = { ...account, issuedAt: at, updatedAt: at };
    const login = { as: null, only: null, facts, contents: { ...contents, refreshToken }, consent };
    const sealed = await stage.vault.sealLogin(account.id, login);
    stage.deps.spill.reserve().write({ accountId: account.id, generation: null, sealed });
    expect((await stage.refresh(account)).kind).toBe('adopted');
    expect((await stage.tokens(account)).refresh).toBe('refresh-token-of-a-login');
    expect(stage.deps.spill.find(account.id)).toEqual([]);
  });

  it('is stored in a vault that was restored to an older state of the account', async () => {
    const account = await stage.addExpired();
    const lastRefreshAt = account.issuedAt + 1;
    const refreshToken = new Secret('refresh-token-later');
    const answer = { change: { lastRefreshAt }, accessToken: null, refreshToken, idToken: null };
    const sealed = await stage.vault.sealAnswer({ ...account, generation: 7 }, answer);
    stage.deps.spill.reserve().write({ accountId: account.id, generation: 7, sealed });
    expect((await stage.refresh(account)).kind).toBe('adopted');
    expect((await stage.tokens(account)).refresh).toBe('refresh-token-later');
    expect(stage.deps.spill.find(account.id)).toEqual([]);
  });

  it('is stored once, even if a kill came before it was cleared', async () => {
    const account = await spilled();
    const [found] = stage.deps.spill.find(account.id);
    if (found === undefined) throw new Error('an answer waits');
    const find = () => [{ ...found, clear: () => undefined }];
    const kept = { ...stage.deps.spill, find };
    expect((await stage.refresh(account, { spill: kept })).kind).toBe('adopted');
    const { generation } = await stage.account(account);
    const outcome = await stage.refresh(await stage.account(account));
    expect(outcome.kind).toBe('refreshed');
    expect((await stage.account(account)).generation).toBe(generation + 1);
    expect(stage.deps.spill.find(account.id)).toEqual([]);
  });

  it('is kept even if another process has changed the account under its lock', async () => {
    await stage.close();
    stage = await refreshTest(async (response, request) => {
      const current = await stage.account(account);
      await stage.vault.update(current, {}, await stage.vault.contents(current));
      renewed()(response, request);
    });
    const account = await stage.addExpired();
    expect((await stage.refresh(account)).kind).toBe('adopted');
    expect((await stage.refresh(await stage.account(account))).kind).toBe('adopted');
    expect((await stage.tokens(account)).refresh).toBe('refresh-token-renewed');
    expect(stage.server.received).toHaveLength(1);
  });

  it('is kept, and the vault reported damaged, if an index takes no change', async () => {
    const odd = "CREATE UNIQUE INDEX odd ON accounts ((CASE WHEN generation > 1 THEN 'x' ELSE id END))";
    tamper(stage.paths.database, odd);
    const bob = await stage.add({ label: 'bob' }, { identity: { ...ALICE, subject: 'bob' } });
    await stage.vault.update(bob, {}, await stage.vault.contents(bob));
    const account = await stage.addExpired();
    await expect(stage.refresh(account)).rejects.toMatchObject({
      code: 'vault_damaged',
      message: expect.stringContaining('they are kept encrypted beside the vault'),
      hint: expect.stringContaining('vault doctor'),
    });
    tamper(stage.paths.database, 'DROP INDEX odd');
    expect((await stage.refresh(account)).kind).toBe('adopted');
    expect((await stage.tokens(account)).refresh).toBe('refresh-token-renewed');
    expect(stage.server.received).toHaveLength(1);
  });

  it('is kept, and the vault reported damaged, if a trigger forbids the change', async () => {
    tamper(stage.paths.database, (database) => {
      database.unsafeMode(true);
      database.exec(
        "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, 'generation INTEGER NOT NULL', 'generation INTEGER NOT NULL CHECK (generation < 2)') WHERE name = 'accounts'; PRAGMA writable_schema = OFF; PRAGMA schema_version = 4711",
      );
    });
    const account = await stage.addExpired();
    await expect(stage.refresh(account)).rejects.toMatchObject({ code: 'vault_damaged' });
    expect(stage.deps.spill.find(account.id)).toHaveLength(1);
  });

  it('is kept whatever the failure is', async () => {
    const account = await stage.addExpired();
    const vault = { ...stage.vault, update: () => Promise.reject(new RangeError('something odd')) };
    await expect(stage.refresh(account, { vault })).rejects.toMatchObject({
      code: 'unexpected',
      message: expect.stringContaining('they are kept encrypted beside the vault'),
    });
    expect((await stage.refresh(account)).kind).toBe('adopted');
    expect((await stage.tokens(account)).refresh).toBe('refresh-token-renewed');
  });

  it.each([
    [
      'scopes',
      { scope: Array.from({ length: 9_000 }, (_, index) => `scope-${index}`).join(' ') },
      'access-token-renewed',
    ],
    ['an access token', { access_token: 'a'.repeat(70_000) }, 'access-token-example'],
  ])('is kept without %s that do not fit into the slot', async (_, over, access) => {
    await stage.close();
    stage = await refreshTest(renewed(over));
    const account = await stage.addExpired();
    const vault = { ...stage.vault, update: () => Promise.reject(FULL) };
    await expect(stage.refresh(account, { vault })).rejects.toMatchObject({ code: 'vault_not_writable' });
    expect((await stage.refresh(account)).kind).toBe('adopted');
    expect(await stage.tokens(account)).toEqual({ access, refresh: 'refresh-token-renewed' });
  });
});
