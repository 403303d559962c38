import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import SqliteDatabase from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HOUR, MINUTE } from '../../src/domain/duration.js';
import { tamper } from '../harness/tamper.js';
import { type HealthTest, healthTest, told } from './health-test.js';

let stage: HealthTest;
beforeEach(async () => {
  stage = await healthTest();
});
afterEach(() => stage.close());

const found = async (check: string) => (await stage.examine())[check] ?? [];
const edit = (sql: string) => {
  tamper(stage.paths.database, (database) => {
    database.unsafeMode(true);
    database.exec(sql);
  });
};

describe('the database', () => {
  it.each([
    [
      'a constraint makes no sense',
      "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, 'CHECK (one', 'CHECK (two') WHERE name = 'ledger'; PRAGMA writable_schema = OFF",
      'the table ledger was altered',
    ],
    [
      'somebody added a trigger',
      'CREATE TRIGGER spy AFTER DELETE ON intents BEGIN UPDATE accounts SET reason = NULL; END',
      'the trigger spy was added',
    ],
  ])('is damaged when %s, although SQLite finds no fault', async (_, sql, said) => {
    edit(sql);
    expect(told(await found('database'))).toEqual([
      `problem: ${stage.paths.database} was altered or is damaged: ${said}`,
    ]);
  });

  it('distinguishes no database, no vault, and a later version', async () => {
    edit('PRAGMA user_version = 4711');
    expect((await found('database')).map(({ code }) => code)).toEqual(['vault_newer']);
    edit('PRAGMA user_version = 1; PRAGMA application_id = 1');
    expect((await found('database')).map(({ code }) => code)).toEqual(['vault_damaged']);
    writeFileSync(stage.paths.database, 'this is no database at all, but a text'.repeat(100));
    const all = await stage.examine();
    expect(all['database']?.map(({ code }) => code)).toEqual(['vault_damaged']);
    expect(told(all['grants'])).toEqual(['skipped: the vault cannot be read']);
    expect(told(all['key_source'])).toEqual(['skipped: the keys of the vault cannot be read']);
  });

  it('is checked by SQLite, and for rows without an account', async () => {
    await stage.add();
    edit(
      "PRAGMA writable_schema = ON; DELETE FROM sqlite_schema WHERE name = 'accounts_by_name'; PRAGMA writable_schema = OFF",
    );
    expect(told(await found('database'))[0]).toMatch(/^problem: .* is damaged: SQLite finds/);
    await stage.close();
    stage = await healthTest();
    edit("INSERT INTO consents VALUES ('nobody', 0, 'browser', '', '')");
    expect(told(await found('database'))[0]).toMatch(/^problem: .* 1 row of a missing account or key/);
  });

  it('opens every sealed field, and names an account that does not open', async () => {
    await stage.add();
    edit('UPDATE accounts SET expires_at = expires_at + 1');
    expect(await found('database')).toContainEqual(
      expect.objectContaining({
        status: 'problem',
        code: 'vault_damaged',
        account: 'demo/alice@example.com',
      }),
    );
  });

  it('reports a refresh whose outcome is open, but not one in flight', async () => {
    const account = await stage.add();
    const { accessToken } = await stage.vault.contents(account);
    if (accessToken === null) throw new Error('there is an access token');
    await stage.vault.intend(account, accessToken, stage.clock.now(), 1);
    expect((await found('database')).map(({ status }) => status)).toEqual(['ok', 'ok']);
    stage.clock.advance(5 * MINUTE);
    expect(await found('database')).toContainEqual(
      expect.objectContaining({
        status: 'warning',
        message: expect.stringContaining('5m ago is open: no final answer came'),
        remedy:
          'for the stored access token: vault token demo/alice@example.com\nto send the refresh token once more: vault refresh demo/alice@example.com --force\nfor a new grant: vault login demo/alice@example.com',
      }),
    );
    stage.clock.advance(2 * HOUR);
    expect(await found('database')).toContainEqual(
      expect.objectContaining({
        remedy: expect.stringMatching(
          /^to send the refresh token once more: vault refresh demo\/alice@example.com --force$/,
        ),
      }),
    );
  });

  it('reports an interrupted write, which the next command rolls back', async () => {
    await stage.add();
    const { database: path } = stage.paths;
    const writer = new SqliteDatabase(path);
    writer.pragma('cache_size = 1');
    writer.exec("BEGIN IMMEDIATE; UPDATE accounts SET reason = printf('%.*c', 200000, 'x'), label = 'half'");
    const halfWritten = [readFileSync(path), readFileSync(`${path}-journal`)] as const;
    writer.close();
    stage.put('vault.db', '');
    writeFileSync(path, halfWritten[0]);
    stage.put('vault.db-journal', '');
    writeFileSync(`${path}-journal`, halfWritten[1]);
    expect(await found('database')).toEqual([
      expect.objectContaining({
        status: 'warning',
        message: expect.stringContaining('was interrupted'),
      }),
    ]);
    expect(readFileSync(path)).toEqual(halfWritten[0]);
    const store = await stage.factory.open();
    expect((await store.accounts()).map(({ label }) => label)).toEqual(['alice@example.com']);
    await store.close();
    expect((await found('database')).map(({ status }) => status)).toEqual(['ok', 'ok']);
  });

  it('is a problem when it has disappeared', async () => {
    rmSync(stage.paths.database);
    const [finding] = await found('database');
    expect(finding).toMatchObject({ status: 'problem', code: 'vault_damaged' });
    expect(finding?.remedy).toMatch(/mount the disk.*\nvault restore FILE\n.*\nvault init$/s);
  });

  it('reports copies that a restore or a backup has left beside it', async () => {
    for (const suffix of ['restoring', 'snapshot']) stage.put(`vault.db.${suffix}`, 'sealed');
    const path = `${stage.paths.database}.`;
    expect((await found('database')).filter(({ status }) => status === 'warning')).toMatchObject([
      { message: expect.stringContaining('left by an interrupted restore'), remedy: `rm ${path}restoring` },
      { message: expect.stringContaining('left by an interrupted backup'), remedy: `rm ${path}snapshot` },
    ]);
  });
});
