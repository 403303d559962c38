import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { VaultError } from '../../src/domain/errors.js';
import type { LedgerStep, MasterKeyRow, NewVaultHead, Store } from '../../src/stores/contract.js';
import { step } from '../doubles/ledger.js';
import type { OpenStore, StoreStage } from './store-stage.js';

/** What every store promises about the master keys of a vault. */
export function masterKeyContract(name: string, open: OpenStore, head: NewVaultHead): void {
  describe(`the master keys in the ${name} store`, () => {
    let stage: StoreStage;
    beforeEach(async () => {
      stage = await open(head);
    });
    afterEach(() => stage.close());

    const [{ reference }] = head.masterKeys as [MasterKeyRow];
    const row: MasterKeyRow = {
      reference: 'second/master/2',
      source: 'passphrase',
      parameters: '{"kdf":"example"}',
      checkValue: Buffer.alloc(16, 7),
      createdAt: head.createdAt + 1,
    };
    const wrapped = head.wrappedKeys.map((key) => ({
      ...key,
      masterReference: row.reference,
      wrapped: Buffer.alloc(60, 8),
    }));
    const referencesIn = async (store: Store) => (await store.head()).masterKeys.map((key) => key.reference);

    it('have a version that changes with every change of data keys, by any process', async () => {
      const other = await stage.another();
      const seen = [await stage.store.dataKeys.version()];
      const look = async () => void seen.push(await stage.store.dataKeys.version());
      await look();
      expect(new Set(seen).size).toBe(1);
      const renew = () => ({ epoch: 2, sealed: Buffer.from('ledger') });
      const data = head.wrappedKeys.map((key) => ({ ...key, dataKeyId: key.dataKeyId + 100 }));
      await stage.store.dataKeys.add(data, renew);
      await look();
      const ids = data.map(({ dataKeyId }) => dataKeyId);
      expect(await stage.store.dataKeys.drop(ids, [], step)).toBe(true);
      await look();
      await other.dataKeys.add(data, renew);
      await look();
      expect(new Set(seen).size).toBe(4);
      await other.close();
    });

    it('are added with everything they wrap, and are visible to every process', async () => {
      expect(await stage.store.addMasterKey(row, wrapped, step)).toBe(true);
      const other = await stage.another();
      const { masterKeys, wrappedKeys } = await other.head();
      await other.close();
      expect(masterKeys.map(({ source, parameters }) => [source, parameters])).toEqual([
        ['file', null],
        ['passphrase', '{"kdf":"example"}'],
      ]);
      expect(wrappedKeys).toHaveLength(2 * head.wrappedKeys.length);
    });

    it('are not replaced, and nothing that a refused one wraps is kept', async () => {
      expect(await stage.store.addMasterKey({ ...row, reference }, [], step)).toBe(false);
      const twice = [...wrapped, ...wrapped];
      expect(await stage.store.addMasterKey(row, twice, step)).toBe(false);
      expect(await referencesIn(stage.store)).toEqual([reference]);
      expect((await stage.store.head()).wrappedKeys).toHaveLength(head.wrappedKeys.length);
    });

    it('are removed with what they wrap, except the last one', async () => {
      expect(await stage.store.removeMasterKey(reference, null, step)).toBe(false);
      await stage.store.addMasterKey(row, wrapped, step);
      expect(await stage.store.removeMasterKey('none/master/1', null, step)).toBe(false);
      expect(await stage.store.removeMasterKey(reference, null, step)).toBe(true);
      expect(await stage.store.removeMasterKey(row.reference, null, step)).toBe(false);
      expect(await referencesIn(stage.store)).toEqual([row.reference]);
      expect((await stage.store.head()).wrappedKeys).toHaveLength(head.wrappedKeys.length);
    });

    it('are removed together with their leftover row, or not at all', async () => {
      const left = { reference, source: 'file', since: 5 };
      expect(await stage.store.removeMasterKey(reference, left, step)).toBe(false);
      expect(await stage.store.leftovers()).toEqual([]);
      await stage.store.addMasterKey(row, wrapped, step);
      expect(await stage.store.removeMasterKey(reference, left, step)).toBe(true);
      expect(await stage.store.leftovers()).toEqual([left]);
    });

    it('are exchanged in one commit, and the old one is recorded as a leftover', async () => {
      await stage.store.noteLeftover({ reference: row.reference, source: 'passphrase', since: 1 });
      const other = await stage.another();
      expect(await other.exchangeMasterKey([reference], row, wrapped, step)).toBe(true);
      await other.close();
      expect(await referencesIn(stage.store)).toEqual([row.reference]);
      expect((await stage.store.head()).wrappedKeys).toHaveLength(head.wrappedKeys.length);
      expect(await stage.store.leftovers()).toEqual([{ reference, source: 'file', since: row.createdAt }]);
      await stage.store.forgetLeftover({ reference, source: 'file' });
      expect(await stage.store.leftovers()).toEqual([]);
    });

    it('are exchanged as a whole or not at all', async () => {
      expect(await stage.store.exchangeMasterKey([reference, 'none/master/1'], row, wrapped, step)).toBe(
        false,
      );
      expect(await stage.store.exchangeMasterKey([], { ...row, reference }, [], step)).toBe(false);
      const twice = [...wrapped, ...wrapped];
      expect(await stage.store.exchangeMasterKey([reference], row, twice, step)).toBe(false);
      expect(await referencesIn(stage.store)).toEqual([reference]);
      expect(await stage.store.leftovers()).toEqual([]);
    });

    it('take a step of the ledger with each change, and none if nothing changes', async () => {
      const { store } = stage;
      const steps: boolean[] = [];
      const stepping = async (change: Promise<boolean>, before = store.ledger()) => {
        const { epoch } = await before;
        steps.push(await change, (await store.ledger()).epoch === epoch + 1);
      };
      await stepping(store.addMasterKey(row, wrapped, step));
      await stepping(store.addMasterKey(row, wrapped, step));
      await stepping(store.removeMasterKey(reference, null, step));
      await stepping(store.removeMasterKey(reference, null, step));
      const back = { ...row, reference };
      const rewrapped = wrapped.map((key) => ({ ...key, masterReference: reference }));
      await stepping(store.exchangeMasterKey([row.reference], back, rewrapped, step));
      await stepping(store.exchangeMasterKey([row.reference], back, rewrapped, step));
      expect(steps).toEqual([true, true, false, false, true, true, false, false, true, true, false, false]);
    });

    it('do not change if the ledger cannot take the step', async () => {
      const { store } = stage;
      const failing: LedgerStep = () => {
        throw new VaultError('vault_damaged', 'the ledger does not open');
      };
      const damaged = { code: 'vault_damaged' };
      await expect(store.addMasterKey(row, wrapped, failing)).rejects.toMatchObject(damaged);
      await expect(store.exchangeMasterKey([reference], row, wrapped, failing)).rejects.toMatchObject(
        damaged,
      );
      await store.addMasterKey(row, wrapped, step);
      await expect(store.removeMasterKey(reference, null, failing)).rejects.toMatchObject(damaged);
      expect(await referencesIn(store)).toEqual([reference, row.reference]);
      expect(await store.leftovers()).toEqual([]);
    });

    it('are never all removed, however many processes remove them at once', async () => {
      await stage.store.addMasterKey(row, wrapped, step);
      const other = await stage.another();
      await Promise.all([
        stage.store.removeMasterKey(reference, null, step),
        other.removeMasterKey(row.reference, null, step),
      ]);
      await other.close();
      expect(await referencesIn(stage.store)).toHaveLength(1);
    });
  });
}
