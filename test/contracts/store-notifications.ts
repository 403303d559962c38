import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { NewVaultHead, Notification, Store } from '../../src/stores/contract.js';
import { step } from '../doubles/ledger.js';
import { sealedExample } from '../doubles/sealed-account.js';
import type { OpenStore, StoreStage } from './store-stage.js';

/** What every store promises of notifications; see stores/contract. */
export function notificationsContract(name: string, open: OpenStore, head: NewVaultHead): void {
  describe(`the notifications in the ${name} store`, () => {
    let stage: StoreStage;
    let store: Store;
    let row: Notification;
    beforeEach(async () => {
      stage = await open(head);
      store = stage.store;
      const account = sealedExample(1);
      await store.insert(account, step);
      row = {
        accountId: account.id,
        event: 'grant_ending',
        endsAt: 9,
        since: 1,
        triedAt: 2,
        notifiedAt: null,
      };
    });
    afterEach(() => stage.close());

    it('are read as they were written, by every connection', async () => {
      expect(await store.notifications.all()).toEqual([]);
      expect(await store.notifications.put(row, null)).toBe(true);
      const other = { ...row, event: 'failing', endsAt: null, notifiedAt: 3 } as const;
      expect(await store.notifications.put(other, null)).toBe(true);
      const another = await stage.another();
      expect(new Set(await another.notifications.all())).toEqual(new Set([row, other]));
      await another.close();
    });

    it('are claimed by one of several processes', async () => {
      const others = await Promise.all(Array.from({ length: 4 }, () => stage.another()));
      const first = await Promise.all(others.map(({ notifications }) => notifications.put(row, null)));
      expect(first.filter((won) => won)).toHaveLength(1);
      const again = { ...row, triedAt: 5 };
      const second = await Promise.all(others.map(({ notifications }) => notifications.put(again, 2)));
      expect(second.filter((won) => won)).toHaveLength(1);
      expect(await store.notifications.all()).toEqual([again]);
      for (const other of others) await other.close();
    });

    it('are deleted by the process that read them last, and with their account', async () => {
      await store.notifications.put(row, null);
      expect(await store.notifications.forget({ ...row, triedAt: 1 })).toBe(false);
      expect(await store.notifications.forget(row)).toBe(true);
      expect(await store.notifications.forget(row)).toBe(false);
      await store.notifications.put(row, null);
      await store.remove(row.accountId, step);
      expect(await store.notifications.all()).toEqual([]);
      expect(await store.notifications.put(row, null)).toBe(false);
    });
  });
}
