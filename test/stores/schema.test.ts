import SqliteDatabase, { type Database } from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hasCurrentSchema, SCHEMA_VERSION } from '../../src/stores/sqlite-open.js';
import { alterations, createSchema } from '../../src/stores/sqlite-schema.js';
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
    database.unsafeMode(true);
    work(database);
  } finally {
    database.close();
  }
}

const edit = (sql: string) => tamper((database) => database.exec(sql));
const rewrite = (sql: string) => edit(`PRAGMA writable_schema = ON; ${sql}; PRAGMA writable_schema = OFF`);

describe('the schema of a vault', () => {
  it('is exactly what SQLite makes of it', () => {
    const made = new SqliteDatabase(':memory:');
    createSchema(made);
    expect(alterations(made, SCHEMA_VERSION)).toBeNull();
    expect(hasCurrentSchema(made)).toBe(true);
    expect(made.prepare('SELECT count(*) FROM sqlite_schema').pluck().get()).toBe(23);
    made.close();
  });

  it('may have been analysed by ANALYZE and rewritten by VACUUM', async () => {
    const store = await folder.factory.open();
    await store.close();
    edit("INSERT INTO leftover_keys VALUES ('a', 'b', 1); ANALYZE; VACUUM");
    tamper((database) => {
      expect(
        database.prepare("SELECT name FROM sqlite_schema WHERE name LIKE 'sqlite_stat%'").all(),
      ).not.toEqual([]);
    });
    await (await folder.factory.open()).close();
  });

  const unique = "CREATE UNIQUE INDEX evil ON accounts ((CASE WHEN generation > 1 THEN 'x' ELSE id END))";
  it.each([
    ['a unique index over an expression', () => edit(unique), 'the index evil was added'],
    [
      'a constraint that refuses what comes after the first refresh',
      () =>
        rewrite(
          "UPDATE sqlite_schema SET sql = replace(sql, 'generation INTEGER NOT NULL', 'generation INTEGER NOT NULL CHECK (generation < 2)') WHERE name = 'accounts'",
        ),
      'the table accounts was altered',
    ],
    [
      'a trigger',
      () => edit('CREATE TRIGGER undo AFTER UPDATE ON accounts BEGIN SELECT 1; END'),
      'the trigger undo was added',
    ],
    ['a view', () => edit('CREATE VIEW more AS SELECT * FROM accounts'), 'the view more was added'],
    ['one index less', () => edit('DROP INDEX accounts_by_name'), 'the index accounts_by_name is missing'],
    ['a table less', () => edit('DROP TABLE told'), 'the index sqlite_autoindex_told_1 is missing'],
    [
      'names that would play with the terminal',
      () => edit('CREATE TABLE "\u001b[31mred\nhint: rm" (n); CREATE VIEW "a""b" AS SELECT 1'),
      'a table of an unusual name was added, a view of an unusual name was added',
    ],
    [
      'more than anybody would read',
      () => edit(['a', 'b', 'c', 'd', 'e'].map((name) => `CREATE TABLE ${name} (n)`).join(';')),
      'the table a was added, the table b was added, the table c was added, and 2 more',
    ],
  ])('is refused with %s', async (_, spoil, said) => {
    spoil();
    await expect(folder.factory.open()).rejects.toMatchObject({
      code: 'vault_damaged',
      exitCode: 9,
      message: expect.stringContaining(said),
      hint: expect.stringMatching(/^vault restore FILE$/m),
    });
  });
});
