import { readFileSync, statSync } from 'node:fs';
import SqliteDatabase, { type Database } from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { prepareForWriting } from '../../src/stores/sqlite-commit.js';
import { APPLICATION_ID, openDatabase, SCHEMA_VERSION } from '../../src/stores/sqlite-open.js';
import { step } from '../doubles/ledger.js';
import { sealedExample } from '../doubles/sealed-account.js';
import { tamperBehindIndex } from '../harness/tamper.js';
import { headExample, type VaultFolder, vaultFolder } from '../harness/vault-folder.js';

let folder: VaultFolder;
beforeEach(async () => {
  folder = vaultFolder();
  await (await folder.factory.create(headExample())).close();
});
afterEach(() => folder.remove());

/** Works on the database as somebody with another program would. */
function tamper(work: (database: Database) => void): void {
  const database = new SqliteDatabase(folder.paths.database);
  try {
    work(database);
  } finally {
    database.close();
  }
}

const damaged = expect.objectContaining({ code: 'vault_damaged', hint: expect.stringContaining('backup') });

describe('the database', () => {
  it('is marked as a vault in its file header', () => {
    tamper((database) => {
      expect(database.pragma('application_id', { simple: true })).toBe(APPLICATION_ID);
      expect(database.pragma('user_version', { simple: true })).toBe(SCHEMA_VERSION);
      const tables = database
        .prepare(
          "SELECT name, strict FROM pragma_table_list WHERE schema = 'main' AND name NOT LIKE 'sqlite%'",
        )
        .all();
      expect((tables as { strict: number }[]).every(({ strict }) => strict === 1)).toBe(true);
      expect(tables).toHaveLength(11);
    });
    expect(readFileSync(folder.paths.database).toString('latin1', 68, 72)).toBe('tkvt');
  });

  it('is opened with an untrusted schema and durable commits', async () => {
    const database = await openDatabase(folder.paths.database, folder.files);
    prepareForWriting(database);
    const settings = [
      'trusted_schema',
      'cell_size_check',
      'mmap_size',
      'journal_mode',
      'synchronous',
      'secure_delete',
      'foreign_keys',
      'temp_store',
    ];
    const read = Object.fromEntries(settings.map((name) => [name, database.pragma(name, { simple: true })]));
    database.close();
    expect(read).toEqual({
      trusted_schema: 0,
      cell_size_check: 1,
      mmap_size: 0,
      journal_mode: 'delete',
      synchronous: 3,
      secure_delete: 1,
      foreign_keys: 1,
      temp_store: 2,
    });
  });

  it('returns to a rollback journal after another program set WAL', async () => {
    tamper((database) => expect(database.pragma('journal_mode = WAL', { simple: true })).toBe('wal'));
    const store = await folder.factory.open();
    expect(await store.insert(sealedExample(1), step)).toBe(true);
    await store.close();
    tamper((database) => expect(database.pragma('journal_mode', { simple: true })).toBe('delete'));
  });

  it('is not written if it rejects a setting', async () => {
    tamper((database) => database.pragma('journal_mode = WAL'));
    const reader = new SqliteDatabase(folder.paths.database);
    reader.exec('BEGIN; SELECT * FROM vault');
    const database = await openDatabase(folder.paths.database, folder.files);
    expect(() => prepareForWriting(database)).toThrow();
    database.close();
    reader.close();
    expect(statSync(folder.paths.database).size).toBeGreaterThan(0);
  });

  it('keeps no trace of a sealed field that was replaced or removed', async () => {
    const store = await folder.factory.open();
    const bytes = (n: number) => Buffer.from(`sealed refresh token ${n}`);
    await store.insert(sealedExample(1), step);
    expect(readFileSync(folder.paths.database).includes(bytes(1))).toBe(true);
    const { sealed, ...facts } = sealedExample(1, { generation: 4 });
    await store.replace({ ...facts, sealed: sealedExample(2).sealed }, 3, step);
    expect(readFileSync(folder.paths.database).includes(bytes(1))).toBe(false);
    await store.remove(facts.id, step);
    expect(readFileSync(folder.paths.database).includes(bytes(2))).toBe(false);
    expect(sealed.refreshToken).toEqual(bytes(1));
    await store.close();
  });
});

describe('a damaged index', () => {
  async function storeOf(index: string, work: string) {
    const store = await folder.factory.open();
    for (const n of [1, 2]) await store.insert(sealedExample(n, { label: `label-${n}` }), step);
    tamperBehindIndex(folder.paths.database, index, work);
    return store;
  }

  it.each([
    ['another account', "UPDATE accounts SET label = 'label-' || (3 - substr(label, -1))"],
    ['no account', 'UPDATE accounts SET rowid = rowid + 10'],
  ])('that leads to %s finds no name that the table still has', async (_, work) => {
    const store = await storeOf('accounts_by_name', work);
    expect(await store.accountByName('google', 'label-1')).toBeNull();
    expect(await store.namesBeginningWith('google/label-1')).toHaveLength(1);
    await store.close();
  });

  it('does not make an identity new whose account the table still has', async () => {
    const store = await storeOf('accounts_by_identity', 'UPDATE accounts SET rowid = rowid + 10');
    const { provider, issuer, subjectDigest } = sealedExample(1);
    await expect(store.accountBySubject(provider, issuer, subjectDigest)).rejects.toThrow(damaged);
    expect(await store.accountBySubject(provider, issuer, 'nobody')).toBeNull();
    await store.close();
  });
});

describe('a vault with unexpected content', () => {
  it('of a newer program is refused and not changed', async () => {
    tamper((database) => database.pragma(`user_version = ${SCHEMA_VERSION + 1}`));
    const before = readFileSync(folder.paths.database);
    await expect(folder.factory.open()).rejects.toThrow(
      expect.objectContaining({
        code: 'vault_newer',
        hint: 'install a newer token-vault, or in your clone: git pull && npm install && npm run build',
      }),
    );
    expect(readFileSync(folder.paths.database).equals(before)).toBe(true);
  });

  it.each([
    ['the mark of another program', 'application_id = 1'],
    ['no mark', 'application_id = 0'],
    ['no version', 'user_version = 0'],
  ])('that has %s is not accepted', async (_name, pragma) => {
    tamper((database) => database.pragma(pragma));
    await expect(folder.factory.open()).rejects.toThrow(damaged);
  });

  it('without its id is damaged', async () => {
    tamper((database) => database.exec('DELETE FROM vault'));
    const store = await folder.factory.open();
    await expect(store.head()).rejects.toThrow(damaged);
    await store.close();
  });

  it.each([
    ['status', "'asleep'"],
    ['id', "'../../elsewhere'"],
    ['generation', '9007199254740993'],
    ['expires_at', '-9223372036854775808'],
  ])('whose %s is %s is damaged, and the error names the column', async (column, value) => {
    const store = await folder.factory.open();
    await store.insert(sealedExample(1), step);
    tamper((database) => database.exec(`UPDATE accounts SET ${column} = ${value}`));
    await expect(store.accounts()).rejects.toThrow(damaged);
    await expect(store.accounts()).rejects.toThrow(`column ${column}`);
    await store.close();
  });

  it('with a consent of an unknown kind is damaged', async () => {
    const store = await folder.factory.open();
    await store.insert(sealedExample(1), step);
    const { id } = sealedExample(1);
    await store.addConsent(id, { at: 1, how: 'browser', askedScopes: [], grantedScopes: [] });
    tamper((database) => database.exec("UPDATE consents SET how = 'telepathy'"));
    await expect(store.consents(id)).rejects.toThrow(damaged);
    await store.close();
  });
});
