import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Account } from '../../src/domain/account.js';
import type { VaultError } from '../../src/domain/errors.js';
import type { Store } from '../../src/stores/contract.js';
import { openKeyring } from '../../src/vault/keyring.js';
import { openLedger, sealLedger } from '../../src/vault/ledger.js';
import { PARTS, partOf, partsIn, sumsOf } from '../../src/vault/row-sums.js';
import { MASTER } from '../harness/vault-folder.js';
import { openWholeStage, type WholeStage } from './vault-stage.js';

let stage: WholeStage;
let mine: Account;
let other: Account;
beforeEach(async () => {
  stage = await openWholeStage();
  await stage.add('ada', 'grace', 'edsger', 'alan');
  const accounts = await (await stage.open()).accounts();
  const [first] = accounts as [Account];
  const apart = accounts.find(({ id }) => partOf(id) !== partOf(first.id));
  if (apart === undefined) throw new Error('four random ids begin alike');
  [mine, other] = [first, apart];
});
afterEach(() => stage.close());

/** Whether a new process would refresh an account, by its part or after a look at all rows. */
async function verdict(id?: string): Promise<string> {
  return (await stage.open()).requireCurrent(id).then(
    () => 'current',
    ({ code, details }: VaultError) => `${code} ${details['row_set']}`,
  );
}

const edit = (sql: string) => stage.tamper((database) => database.exec(sql));
const inPart = (id: string) => id.slice(0, 2);
/** An id in a part in which `mine` is not. */
const away = () => (partOf(mine.id) === partOf('zz') ? '0z' : 'zz');

/** The harm, done to the account of this id. */
const HARM: readonly (readonly [string, (id: string) => Promise<void> | void, string])[] = [
  ['removed', (id) => edit(`DELETE FROM accounts WHERE id = '${id}'`), 'missing'],
  [
    'moved to another part',
    (id) => edit(`UPDATE accounts SET id = '${away()}' WHERE id = '${id}'`),
    'altered',
  ],
  ['renamed', (id) => edit(`UPDATE accounts SET label = 'eve' WHERE id = '${id}'`), 'altered'],
  [
    'joined by a copy of itself',
    (id) =>
      stage.tamper((database) => {
        database.exec(
          `CREATE TEMP TABLE copy AS SELECT * FROM accounts WHERE id = '${id}';
           UPDATE copy SET id = '${inPart(id)}zz', label = 'copy', subject_digest = 'copy';
           INSERT INTO accounts SELECT * FROM copy`,
        );
      }),
    'altered',
  ],
  [
    'restored from an older copy',
    async (id) => {
      edit(`ATTACH '${stage.file}.aside' AS aside; CREATE TABLE aside.kept AS SELECT * FROM accounts`);
      const { label } = [mine, other].find((each) => each.id === id) as Account;
      await stage.renew(await stage.open(), label);
      edit(
        `ATTACH '${stage.file}.aside' AS aside;
         INSERT OR REPLACE INTO accounts SELECT * FROM aside.kept WHERE id = '${id}'`,
      );
    },
    'older',
  ],
];

describe('before one account is refreshed', () => {
  it.each(HARM)('a row of its part that was %s stops it', async (_, harm, kind) => {
    await harm(mine.id);
    expect(await verdict(mine.id)).toBe(`vault_damaged ${kind}`);
  });

  it.each(HARM)('a row of another part that was %s stops only a refresh of all', async (_, harm, kind) => {
    await harm(other.id);
    expect([await verdict(mine.id), await verdict()]).toEqual(['current', `vault_damaged ${kind}`]);
  });

  it('only the rows of its part are read, and all before a bulk refresh', async () => {
    const read: number[] = [];
    const store = await stage.store();
    const rowSet: Store['rowSet'] = async (range) => {
      const set = await store.rowSet(range);
      read.push(set.rows.length);
      return set;
    };
    const vault = await stage.open(stage.here, { store: { ...store, rowSet } });
    await vault.requireCurrent(mine.id);
    await Promise.all(Array.from({ length: 8 }, () => vault.requireCurrent()));
    await vault.requireCurrent(other.id);
    const siblings = (await vault.accounts()).filter(({ id }) => partOf(id) === partOf(mine.id));
    expect(read).toEqual([siblings.length, 4]);
  });
});

describe('a ledger of format 1', () => {
  async function withLedger<T>(work: (keyring: ReturnType<typeof openKeyring>, store: Store) => Promise<T>) {
    const store = await stage.store();
    const head = await store.head();
    const [masterKey] = head.masterKeys;
    if (masterKey === undefined) throw new Error('no master key');
    const keyring = openKeyring(head, masterKey, MASTER);
    try {
      return await work(keyring, store);
    } finally {
      keyring.wipe();
      await store.close();
    }
  }

  const format = () =>
    withLedger(async (keyring, store) => {
      const sealed = await store.ledger();
      return [sealed.sealed[0], partsIn(openLedger(keyring, sealed).sums)];
    });

  beforeEach(() =>
    withLedger((keyring, store) =>
      store.renewLedger(({ ledger, rows }) => {
        if (ledger === null) throw new Error('no ledger');
        const sums = sumsOf(keyring, rows, 1);
        return sealLedger(keyring, ledger.epoch, { ...openLedger(keyring, ledger), sums });
      }),
    ),
  );

  it('still works, and is divided into parts by the first change', async () => {
    expect([await verdict(mine.id), await verdict()]).toEqual(['current', 'current']);
    expect(await format()).toEqual([1, 1]);
    await stage.renew(await stage.open(), other.label);
    expect(await format()).toEqual([2, PARTS]);
    expect([await verdict(mine.id), await verdict(other.id), await verdict()]).toEqual(
      Array(3).fill('current'),
    );
    expect(await (await stage.open()).examine()).toMatchObject({ standing: 'current', rowSet: null });
  });

  // To restore an older copy there has to be a change, which divides it.
  const kept = HARM.filter(([, , kind]) => kind !== 'older');
  it.each(kept)('is not divided while a row that was %s is wrong, until accepted', async (_, harm) => {
    await harm(other.id);
    await stage.add('barbara');
    expect(await format()).toEqual([1, 1]);
    expect([await verdict(mine.id), await verdict()]).not.toContain('current');
    const vault = await stage.open();
    await vault.acceptAsItIs();
    expect(await format()).toEqual([2, PARTS]);
    expect([await verdict(mine.id), await verdict()]).toEqual(['current', 'current']);
  });
});
