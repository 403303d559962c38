import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Context } from '../../../src/context.js';
import { VaultError } from '../../../src/domain/errors.js';
import { Secret } from '../../../src/domain/secret.js';
import { addKey } from '../../../src/services/keys/add.js';
import { rotateDataKeys } from '../../../src/services/keys/rotate-data.js';
import { keyStatus } from '../../../src/services/keys/status.js';
import type { FoundAnswer } from '../../../src/stores/spill.js';
import { accountExample } from '../../doubles/account.js';
import { type KeyTest, keyTest } from './key-test.js';

let stage: KeyTest;
let ctx: Context;
let answers: readonly FoundAnswer[];
let stop: AbortController;
beforeEach(async () => {
  stage = await keyTest();
  answers = [];
  stop = new AbortController();
  ctx = {
    ...stage.ctx,
    spill: async () => ({
      ...stage.spill,
      find: (id) => answers.filter(({ accountId }) => accountId === id),
      all: () => answers,
    }),
    interruption: stop.signal,
  };
});
afterEach(() => stage.close());

const ignore = () => {};

async function add(number: number): Promise<void> {
  const into = await stage.vault();
  const names = Array.from({ length: number }, (_, index) => `label-${index}`);
  await Promise.all(
    names.map((label) => {
      const identity = { subject: label, email: null, name: null, details: {} };
      const contents = {
        accessToken: new Secret('access-token-example'),
        refreshToken: null,
        identity,
        idToken: { token: new Secret('id-token-example'), expiresAt: 0 },
      };
      return into.add(accountExample({ label }), contents);
    }),
  );
}

const ids = async () => [
  ...new Set((await (await stage.store()).head()).wrappedKeys.map(({ dataKeyId }) => dataKeyId)),
];

/** Opens everything as a process does that has just begun. */
async function opened(): Promise<number> {
  await stage.ctx.access.close();
  const afresh = await stage.vault();
  const accounts = await afresh.accounts();
  for (const { id } of accounts) {
    const account = await afresh.account(id);
    if (account !== null) await afresh.contents(account);
  }
  await afresh.requireCurrent();
  return accounts.length;
}

const failure = (work: Promise<unknown>): Promise<VaultError> =>
  work.then(
    () => Promise.reject(new Error('it did not fail')),
    (error: unknown) => error as VaultError,
  );

describe('replacing the data keys', () => {
  it('seals every account in batches, and leaves only the new keys', async () => {
    await add(120);
    const told: string[] = [];
    const rotated = await rotateDataKeys(ctx, (done, total) => void told.push(`${done}/${total}`));
    expect(rotated).toEqual({
      accounts: 120,
      resumed: false,
      dropped: [1, 2, 3, 4, 5],
      dataKeys: [6, 7, 8, 9, 10],
      madeAt: expect.any(Number),
    });
    expect(told).toEqual(['50/120', '100/120', '120/120']);
    expect(await ids()).toEqual([6, 7, 8, 9, 10]);
    expect(await opened()).toBe(120);
  });

  it('is recorded in the trail: new keys added, old ones deleted', async () => {
    await add(1);
    await rotateDataKeys(ctx, ignore);
    const [added, replaced] = (await stage.trail()).slice(-2);
    expect([added?.event, replaced]).toEqual([
      'data_keys_added',
      expect.objectContaining({ event: 'data_keys_replaced', accounts: 1 }),
    ]);
    expect(await (await stage.vault()).verifyTrail()).toMatchObject({ fault: null, unproved: 0 });
  });

  it('resumes an interrupted run, and makes no further keys', async () => {
    await add(60);
    const reason = new VaultError('interrupted', 'interrupted');
    await expect(rotateDataKeys(ctx, () => stop.abort(reason))).rejects.toMatchObject({
      code: 'interrupted',
      message: 'the new data keys are in use for 50 of 60 accounts; the old keys are kept for the rest',
      hint: 'vault key rotate --data',
    });
    expect(await ids()).toHaveLength(10);
    const status = await keyStatus(ctx);
    const identity = status.dataKeys.filter(({ purpose }) => purpose === 'identity');
    expect(identity.map(({ replaced, accounts }) => [replaced, accounts])).toEqual([
      [true, 10],
      [false, 50],
    ]);
    // One key seals the access token and the id_token; each account counts once.
    const access = status.dataKeys.filter(({ purpose }) => purpose === 'access_token');
    expect(access.map(({ accounts }) => accounts)).toEqual([10, 50]);
    expect(await opened()).toBe(60);
    const second = await rotateDataKeys({ ...ctx, interruption: new AbortController().signal }, ignore);
    expect(second).toMatchObject({ accounts: 10, resumed: true, dropped: [1, 2, 3, 4, 5] });
    expect(await opened()).toBe(60);
  });

  it('does an account that is being refreshed last, and waits for it', async () => {
    await add(3);
    const [busy] = await (await stage.vault()).accounts();
    const lock = await ctx.locks.acquire(busy?.id ?? '', 0);
    const told: number[] = [];
    const rotated = await rotateDataKeys(ctx, (done) => {
      told.push(done);
      setTimeout(() => void lock.release(), 50);
    });
    expect(told).toEqual([2, 3]);
    expect(rotated.accounts).toBe(3);
  });

  it('fails without a change if an account stays locked for too long', async () => {
    await add(2);
    const [held] = await (await stage.vault()).accounts();
    const { locks } = ctx;
    const busy = new VaultError('busy', 'another process holds this account');
    const acquire: typeof locks.acquire = (name, ...rest) =>
      name === held?.id ? Promise.reject(busy) : locks.acquire(name, ...rest);
    await expect(rotateDataKeys({ ...ctx, locks: { ...locks, acquire } }, ignore)).rejects.toBe(busy);
    expect(await ids()).toHaveLength(10);
    expect(await rotateDataKeys(ctx, ignore)).toMatchObject({ accounts: 1, resumed: true });
  });

  it('stores spilled answers before old keys are deleted, and keeps unreadable ones', async () => {
    await add(1);
    const [account] = await (await stage.vault()).accounts();
    const before = await (await stage.vault()).account(account?.id ?? '');
    if (before === null) throw new Error('gone');
    const refreshToken = new Secret('refresh-token-waiting');
    const sealed = await (await stage.vault()).sealAnswer(before, {
      change: {},
      accessToken: null,
      refreshToken,
      idToken: null,
    });
    const found = { accountId: before.id, generation: 1, path: '' };
    const cleared: string[] = [];
    answers = [
      { ...found, sealed, clear: () => cleared.push('whole') },
      { ...found, sealed: sealed.subarray(0, 40), clear: () => cleared.push('damaged') },
    ];
    await rotateDataKeys(ctx, ignore);
    expect(await ids()).toEqual([6, 7, 8, 9, 10]);
    expect(await opened()).toBe(1);
    const after = await (await stage.vault()).account(before.id);
    if (after === null) throw new Error('gone');
    expect((await (await stage.vault()).contents(after)).refreshToken?.reveal()).toBe(refreshToken.reveal());
    expect(cleared).toEqual(['whole']);
  });

  it('keeps the old keys while an account does not open, and names it', async () => {
    await add(2);
    const [first] = await (await stage.vault()).accounts();
    const damaged = await (await stage.vault()).account(first?.id ?? '');
    if (damaged === null) throw new Error('gone');
    const { sealed, subjectDigest } = damaged;
    const identity = Buffer.from(sealed.identity).fill(0, 20, 24);
    const spoiled = { before: damaged, sealed: { ...sealed, identity }, subjectDigest, intent: null };
    await (await stage.store()).dataKeys.replace([spoiled]);
    const { code, message, hint } = await failure(rotateDataKeys(ctx, ignore));
    expect(code).toBe('vault_damaged');
    expect(message).toContain('google/label-0');
    expect(hint).toContain('\nvault revoke google/label-0 --local\nvault key rotate --data');
    expect(await (await (await stage.vault()).rotation()).behind()).toEqual([damaged.id]);
    await (await stage.vault()).remove(damaged.id);
    expect(await rotateDataKeys(ctx, ignore)).toMatchObject({ resumed: true });
    expect(await opened()).toBe(1);
  });
});

describe('new data keys', () => {
  it('are wrapped by every master key, so that each opens the vault afterwards', async () => {
    await add(2);
    await addKey(stage.ctx, stage.fromFile);
    await rotateDataKeys(ctx, ignore);
    for (const source of [stage.fromFile, stage.fromKeychain]) {
      stage.use(source);
      expect(await opened()).toBe(2);
    }
  });

  it('are not made without every master key, whatever command it is', async () => {
    await addKey(stage.ctx, stage.fromFile);
    const { masterKeys } = await (await stage.store()).head();
    const [row] = masterKeys;
    if (row === undefined) throw new Error('no master key');
    const master = await stage.fromKeychain.load(row.reference);
    const rotation = await (await stage.vault()).rotation();
    const begun = rotation.begin([{ row, master }], { event: 'data_keys_added' });
    await expect(begun).rejects.toMatchObject({ code: 'vault_damaged' });
    expect(await ids()).toHaveLength(5);
  });

  it('are not made while a master key is not available', async () => {
    await addKey(stage.ctx, stage.fromFile);
    const before = await (await stage.store()).head();
    const { code, hint } = await failure(rotateDataKeys(stage.with({ usual: async () => null }), ignore));
    expect(code).toBe('key_unavailable');
    expect(hint).toContain('\nvault key remove file\nvault key rotate --data\nvault key add file');
    expect(await (await stage.store()).head()).toEqual(before);
  });

  it('are used by the next run if the keychain fails in between', async () => {
    await add(60);
    let loads = 0;
    const locked = new VaultError('key_locked', 'the keychain is locked');
    stage.use({
      ...stage.fromKeychain,
      async load(reference) {
        loads += 1;
        if (loads > 2) throw locked;
        return stage.fromKeychain.load(reference);
      },
    });
    await stage.ctx.access.close();
    expect(await failure(rotateDataKeys(ctx, ignore))).toMatchObject({ code: 'key_locked' });
    expect(await ids()).toHaveLength(10);
    stage.use(stage.fromKeychain);
    expect(await opened()).toBe(60);
    expect(await rotateDataKeys(ctx, ignore)).toMatchObject({ accounts: 60, resumed: true });
  });
});
