import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type ConcurrencyLimit,
  createConcurrencyLimit,
  type Leave,
} from '../../../src/domain/concurrency-limit.js';
import { systemClock } from '../../../src/system/clock.js';
import type { Vault } from '../../../src/vault/vault.js';
import { NOW } from '../../doubles/terminal.js';
import { renewed } from '../../doubles/token-endpoint.js';
import { ALICE, uninterrupted } from '../../harness/test-context.js';
import { type RefreshTest, refreshTest } from './refresh-test.js';

const STOP = new Error('interrupted');

let stage: RefreshTest;
let concurrency: ConcurrencyLimit;
/** Ends the only turn, which another request has. */
let end: Leave;
beforeEach(async () => {
  stage = await refreshTest(renewed());
  concurrency = createConcurrencyLimit(1, systemClock);
  end = (await concurrency.enter(uninterrupted())) ?? (() => {});
});
afterEach(() => stage.close());

describe('an account that waits for its turn', () => {
  it('has its intent on disk, and nothing is sent', async () => {
    const account = await stage.addExpired();
    const refreshing = stage.refresh(account, { concurrency });
    await expect.poll(() => stage.intentOf(account)).toMatchObject({ attempt: 1, pid: 4711 });
    expect(stage.sent()).toEqual([]);
    end();
    expect((await refreshing).kind).toBe('refreshed');
    expect(stage.sent()).toEqual(['refresh-token-example']);
    expect(await stage.intentOf(account)).toBeNull();
  });

  it('leaves no intent when it is interrupted, and nothing is sent', async () => {
    const account = await stage.addExpired();
    const controller = new AbortController();
    const refreshing = stage.refresh(account, { concurrency, interruption: controller.signal });
    await expect.poll(() => stage.intentOf(account)).not.toBeNull();
    controller.abort(STOP);
    await expect(refreshing).rejects.toBe(STOP);
    expect(await stage.intentOf(account)).toBeNull();
    expect(stage.sent()).toEqual([]);
    end();
    expect((await stage.refresh(account, { concurrency })).kind).toBe('refreshed');
  });

  it('leaves the intent of an earlier attempt, whose outcome is open', async () => {
    const account = await stage.addExpired();
    const { refreshToken } = await stage.vault.contents(account);
    if (refreshToken === null) throw new Error('the example has a refresh token');
    await stage.vault.intend(account, refreshToken, NOW - 5, 1);
    const controller = new AbortController();
    const refreshing = stage.refresh(account, { concurrency, interruption: controller.signal });
    await expect.poll(() => stage.intentOf(account)).toMatchObject({ attempt: 2 });
    controller.abort(STOP);
    await expect(refreshing).rejects.toBe(STOP);
    expect(await stage.intentOf(account)).toMatchObject({ at: NOW - 5 });
  });

  it('is released if that takes long, and prepared again at its turn', async () => {
    const account = await stage.addExpired();
    const waited: number[] = [];
    const soon = createConcurrencyLimit(1, { sleep: async (limit) => void waited.push(limit) });
    const endOther = await soon.enter(uninterrupted());
    const refreshing = stage.refresh(account, { concurrency: soon });
    await expect.poll(() => waited).toEqual([5_000]);
    await (await stage.locks.acquire(account.id, 5_000)).release();
    expect(await stage.intentOf(account)).toBeNull();
    expect(stage.sent()).toEqual([]);
    endOther?.();
    expect((await refreshing).kind).toBe('refreshed');
    expect(stage.sent()).toEqual(['refresh-token-example']);
    // Its turn is over.
    expect(await soon.enter(uninterrupted(), 0)).not.toBeNull();
  });

  it('is not sent if another process has refreshed it', async () => {
    const account = await stage.addExpired();
    const soon = createConcurrencyLimit(1, { sleep: async () => undefined });
    const endOther = await soon.enter(uninterrupted());
    const refreshing = stage.refresh(account, { concurrency: soon });
    await expect.poll(() => stage.refresh(account).then(({ kind }) => kind)).toBe('refreshed');
    endOther?.();
    expect((await refreshing).kind).toBe('adopted');
    expect(stage.sent()).toEqual(['refresh-token-example']);
  });
});

it('a turn ends with the answer, before that is stored', async () => {
  end();
  const stored: (() => void)[] = [];
  const update: Vault['update'] = async (...change) => {
    await new Promise<void>((resolve) => stored.push(resolve));
    return stage.vault.update(...change);
  };
  const vault = { ...stage.vault, update };
  const both = await Promise.all(
    ['alice', 'bob'].map((label) => stage.addExpired({ label }, { identity: { ...ALICE, subject: label } })),
  );
  const refreshing = both.map((account) => stage.refresh(account, { concurrency, vault }));
  await expect.poll(() => stored.length).toBe(2);
  expect(stage.sent()).toHaveLength(2);
  for (const store of stored) store();
  expect((await Promise.all(refreshing)).map(({ kind }) => kind)).toEqual(['refreshed', 'refreshed']);
});
