import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { NewVaultHead, Store } from '../../src/stores/contract.js';
import { step } from '../doubles/ledger.js';
import { sealedExample } from '../doubles/sealed-account.js';
import type { OpenStore, StoreStage } from './store-stage.js';

/** What every store promises of intents; see stores/contract. */
export function intentContract(name: string, open: OpenStore, head: NewVaultHead): void {
  describe(`the intents of the ${name} store`, () => {
    let stage: StoreStage;
    let store: Store;
    beforeEach(async () => {
      stage = await open(head);
      store = stage.store;
    });
    afterEach(() => stage.close());

    it('are kept until the refresh of the account has ended', async () => {
      const account = sealedExample(1, { generation: 3 });
      await store.insert(account, step);
      const tokenDigest = Buffer.alloc(32, 5);
      const intent = { accountId: account.id, generation: 3, tokenDigest, attempt: 1, at: 9, pid: 4 };
      expect(await store.intent(account.id)).toBeNull();
      expect(await store.intend({ ...intent, generation: 2 })).toBe(false);
      expect(await store.intend(intent)).toBe(true);
      expect(await store.intend({ ...intent, attempt: 2, at: 10 })).toBe(true);
      expect(await store.intent(account.id)).toEqual({ ...intent, attempt: 2, at: 10 });
      const { status, reason, lastError, failures, retryAt, updatedAt } = account;
      const attempt = { status, reason, lastError, failures, retryAt, updatedAt };
      await store.recordAttempt(account.id, 3, { ...attempt, settled: false });
      expect(await store.intent(account.id)).not.toBeNull();
      await store.recordAttempt(account.id, 3, { ...attempt, settled: true });
      expect(await store.intent(account.id)).toBeNull();
    });

    it('are deleted by a process that did not send, unless an earlier attempt may have', async () => {
      const account = sealedExample(1, { generation: 3 });
      await store.insert(account, step);
      const tokenDigest = Buffer.alloc(32, 5);
      const intent = { accountId: account.id, generation: 3, tokenDigest, attempt: 1, at: 9, pid: 5 };
      await store.intend(intent);
      await store.withdraw({ ...intent, generation: 2 });
      await store.withdraw({ ...intent, pid: 6 });
      expect(await store.intent(account.id)).toEqual(intent);
      await store.withdraw(intent);
      expect(await store.intent(account.id)).toBeNull();
      await store.intend({ ...intent, attempt: 2 });
      await store.withdraw(intent);
      expect(await store.intent(account.id)).toEqual({ ...intent, attempt: 2 });
    });

    it('take a step of the ledger with an attempt, and none for a changed account', async () => {
      const account = sealedExample(1, { generation: 3 });
      await store.insert(account, step);
      const { status, reason, lastError, failures, retryAt, updatedAt } = account;
      const attempt = { status, reason, lastError, failures, retryAt, updatedAt, settled: true };
      const { epoch } = await store.ledger();
      expect(await store.recordAttempt(account.id, 3, attempt)).toBe(true);
      expect(await store.recordAttempt(account.id, 2, attempt, step)).toBe(false);
      expect((await store.ledger()).epoch).toBe(epoch);
      expect(await store.recordAttempt(account.id, 3, attempt, step)).toBe(true);
      expect((await store.ledger()).epoch).toBe(epoch + 1);
    });

    it('are removed when the refresh is stored, and with the account', async () => {
      const account = sealedExample(1, { generation: 3 });
      await store.insert(account, step);
      const tokenDigest = Buffer.alloc(32, 5);
      const intent = { accountId: account.id, generation: 3, tokenDigest, attempt: 1, at: 9, pid: 4 };
      await store.intend(intent);
      expect(await store.replace({ ...account, generation: 4 }, 2, step)).toBe(false);
      expect(await store.intent(account.id)).not.toBeNull();
      expect(await store.replace({ ...account, generation: 4 }, 3, step)).toBe(true);
      expect(await store.intent(account.id)).toBeNull();
      await store.intend({ ...intent, generation: 4 });
      await store.remove(account.id, step);
      expect(await store.intent(account.id)).toBeNull();
    });
  });
}
