import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LedgerStep, RowChange, RowSet, SealedLedger, Store } from '../../src/stores/contract.js';
import { step } from '../doubles/ledger.js';
import { sealedExample } from '../doubles/sealed-account.js';
import { headExample, type VaultFolder, vaultFolder } from '../harness/vault-folder.js';

let folder: VaultFolder;
let store: Store;
beforeEach(async () => {
  folder = vaultFolder();
  store = await folder.factory.create(headExample());
});
afterEach(async () => {
  await store.close();
  folder.remove();
});

const facts = (n: number, given: Parameters<typeof sealedExample>[1] = {}) => {
  const { id, provider, label, generation } = sealedExample(n, given);
  return { id, provider, label, generation };
};
const broken: LedgerStep = () => {
  throw new RangeError('this step fails');
};

describe('the ledger in the store', () => {
  it('receives each change, with the row before and after', async () => {
    const changes: RowChange[] = [];
    const told: LedgerStep = (ledger, { before, after }, ...facts) => {
      const only = (row: typeof before) =>
        row && { id: row.id, provider: row.provider, label: row.label, generation: row.generation };
      changes.push({ before: only(before), after: only(after) });
      return step(ledger, { before, after }, ...facts);
    };
    const renamed = { generation: 4, label: 'renamed' };
    await store.insert(sealedExample(1, { generation: 3 }), told);
    await store.replace(sealedExample(1, renamed), 3, told);
    await store.remove(sealedExample(1).id, told);
    expect(changes).toEqual([
      { before: null, after: facts(1, { generation: 3 }) },
      { before: facts(1, { generation: 3 }), after: facts(1, renamed) },
      { before: facts(1, renamed), after: null },
    ]);
    expect(await store.ledger()).toEqual({ epoch: 4, sealed: Buffer.from('ledger 4') });
  });

  it('does not receive a change that failed', async () => {
    await store.insert(sealedExample(1, { generation: 3 }), step);
    const taken = sealedExample(2, { label: sealedExample(1).label });
    expect(await store.insert(taken, broken)).toBe(false);
    expect(await store.replace(sealedExample(1, { generation: 4 }), 2, broken)).toBe(false);
    expect(await store.remove('nobody', broken)).toBe(false);
    expect((await store.ledger()).epoch).toBe(2);
  });

  it('rolls back only the change whose step throws', async () => {
    const steps = [step, broken, step, broken, step];
    const writes = steps.map((each, n) => store.insert(sealedExample(n), each));
    const results = await Promise.allSettled(writes);
    expect(results.map(({ status }) => status)).toEqual(
      steps.map((each) => (each === broken ? 'rejected' : 'fulfilled')),
    );
    expect((await store.accounts()).map(({ id }) => id)).toEqual([0, 2, 4].map((n) => facts(n).id));
    expect((await store.ledger()).epoch).toBe(4);
  });

  it('is sealed once for all changes that share a commit', async () => {
    const found: (SealedLedger | null)[] = [];
    const made: SealedLedger[] = [];
    const sealed: number[] = [];
    const counting: LedgerStep = (ledger) => {
      found.push(ledger);
      const epoch = ledger.epoch + 1;
      const next = {
        epoch,
        get sealed() {
          sealed.push(epoch);
          return Buffer.from(`ledger ${epoch}`);
        },
      };
      made.push(next);
      return next;
    };
    const steps = [counting, counting, broken, counting];
    await Promise.allSettled(steps.map((each, n) => store.insert(sealedExample(n), each)));
    expect(sealed).toEqual([4]);
    // Each goes on from what the one before has made, a failed one aside.
    expect(found.slice(1)).toEqual([made[0], made[1]]);
    expect(await store.ledger()).toEqual({ epoch: 4, sealed: Buffer.from('ledger 4') });
  });

  it('is written before a new one is made for the current rows', async () => {
    const renewed = store.insert(sealedExample(1), step).then(() => 'stored');
    const found: RowSet[] = [];
    const renewal = store.renewLedger((set) => {
      found.push(set);
      return { epoch: 9, sealed: Buffer.from('renewed') };
    });
    const later = store.insert(sealedExample(2), step);
    expect(await Promise.all([renewed, renewal, later])).toEqual(['stored', undefined, true]);
    expect(found).toMatchObject([
      { ledger: { epoch: 2, sealed: Buffer.from('ledger 2') }, rows: [facts(1)] },
    ]);
    expect((await store.ledger()).epoch).toBe(10);
  });

  it('continues from what another process has made of it', async () => {
    const other = await folder.factory.open();
    await Promise.all([0, 1, 2, 3].map((n) => (n % 2 === 0 ? store : other).insert(sealedExample(n), step)));
    expect(await other.ledger()).toEqual({ epoch: 5, sealed: Buffer.from('ledger 5') });
    expect((await store.rowSet()).rows).toHaveLength(4);
    await other.close();
  });
});
