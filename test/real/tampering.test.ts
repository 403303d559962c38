import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type DemoStage, openDemoStage } from '../harness/demo-stage.js';

const SEALED = ['access_token', 'refresh_token', 'identity'] as const;
type Sealed = (typeof SEALED)[number];

let stage: DemoStage;
let file: string;
let good: string;

beforeAll(async () => {
  stage = await openDemoStage();
  file = join(stage.home.vault, 'vault.db');
  good = join(stage.home.root, 'good.db');
  await stage.logIn([], { person: 'ada' });
  await stage.logIn([], { person: 'grace' });
  copyFileSync(file, good);
});
beforeEach(() => {
  copyFileSync(good, file);
});
afterAll(async () => {
  expect(await stage.close()).toEqual([]);
});

/** Somebody who has the file, but not the key. */
function tamper(work: (database: Database.Database) => void): void {
  const database = new Database(file);
  work(database);
  database.close();
}

/** What opens each sealed field. */
const OPENS: Record<Sealed, readonly string[]> = {
  access_token: ['token', 'demo/ada@example.com'],
  refresh_token: ['token', 'demo/ada@example.com', '--refresh'],
  identity: ['token', 'demo/ada@example.com', '--format', 'xoauth2'],
};

async function expectRefusal(args: readonly string[]): Promise<void> {
  stage.tokenRequests();
  const { exitCode, stdout, stderr } = await stage.vault(args);
  expect({ exitCode, stdout }).toEqual({ exitCode: 9, stdout: '' });
  expect(stderr).toMatch(/altered|damaged/);
  expect(stderr).toMatch(/^hint: /m);
  // What cannot be opened is not sent either.
  expect(stage.tokenRequests()).toBe(0);
}

function ofAda(database: Database.Database, column: string): Buffer {
  const row = database.prepare(`SELECT ${column} AS field FROM accounts WHERE label LIKE 'ada%'`).get();
  return (row as { field: Buffer }).field;
}

function setAda(database: Database.Database, column: string, value: Buffer | string | number): void {
  const { changes } = database
    .prepare(`UPDATE accounts SET ${column} = ? WHERE label LIKE 'ada%'`)
    .run(value);
  expect(changes).toBe(1);
}

describe('a change of the database without the key', () => {
  it('is not reported for an untouched vault', async () => {
    for (const column of SEALED) expect((await stage.vault(OPENS[column])).exitCode).toBe(0);
  });

  it.each(SEALED)('is noticed for a flipped bit at the start and at the end of %s', async (column) => {
    for (const place of [0, 1]) {
      copyFileSync(good, file);
      tamper((database) => {
        const field = ofAda(database, column);
        const offset = Math.floor((field.length - 1) * place);
        field.writeUInt8(field.readUInt8(offset) ^ 0x01, offset);
        setAda(database, column, field);
      });
      await expectRefusal(OPENS[column]);
    }
  });

  it.each(SEALED)('is noticed for a shortened and an extended %s', async (column) => {
    for (const change of [
      (field: Buffer) => field.subarray(0, -1),
      (field: Buffer) => Buffer.concat([field, Buffer.alloc(1)]),
    ]) {
      copyFileSync(good, file);
      tamper((database) => setAda(database, column, change(ofAda(database, column))));
      await expectRefusal(OPENS[column]);
    }
  });

  it.each(SEALED)("is noticed for another person's %s in this one's row", async (column) => {
    tamper((database) => {
      const row = database.prepare(`SELECT ${column} AS field FROM accounts WHERE label LIKE 'grace%'`).get();
      setAda(database, column, (row as { field: Buffer }).field);
    });
    await expectRefusal(OPENS[column]);
  });

  it.each([
    ['access_token', 'refresh_token'],
    ['refresh_token', 'access_token'],
    ['identity', 'access_token'],
  ] as const)('is detected for %s filled with the content of %s', async (column, other) => {
    tamper((database) => setAda(database, column, ofAda(database, other)));
    await expectRefusal(OPENS[column]);
  });

  it.each([
    ['label', 'adam@example.com'],
    ['issued_at', 1],
    ['expires_at', 4_000_000_000_000],
    ['granted_scopes', '["openid","notes.write"]'],
    ['token_type', 'Mac'],
    ['issuer', 'https://evil.example.com'],
    ['token_endpoint', 'https://evil.example.com/token'],
    ['client_id', 'another-client'],
    ['generation', 99],
    ['provider', 'demo2'],
  ] as const)('is detected for a changed %s, to which the token is bound', async (column, value) => {
    tamper((database) => setAda(database, column, value));
    const args = ['token', column === 'provider' ? 'demo2' : 'demo/ada'];
    const { exitCode, stdout } = await stage.vault(args);
    // A changed issuer, endpoint or client may be told from the configuration before anything is opened.
    expect([2, 9]).toContain(exitCode);
    expect(stdout).toBe('');
  });

  it('is detected for a damaged data key, which is not replaced by a new one', async () => {
    tamper((database) => {
      const rows = database.prepare('SELECT rowid, wrapped FROM keys').all() as {
        rowid: number;
        wrapped: Buffer;
      }[];
      for (const { rowid, wrapped } of rows) {
        wrapped.writeUInt8(wrapped.readUInt8(wrapped.length - 1) ^ 0x80, wrapped.length - 1);
        database.prepare('UPDATE keys SET wrapped = ? WHERE rowid = ?').run(wrapped, rowid);
      }
    });
    const { exitCode, stdout } = await stage.vault(OPENS.access_token);
    expect({ exitCode, stdout }).toEqual({ exitCode: 9, stdout: '' });
  });

  it.each([
    [
      'a unique index',
      "CREATE UNIQUE INDEX evil ON accounts ((CASE WHEN generation > 1 THEN 'x' ELSE id END))",
      'the index evil was added',
    ],
    [
      'a constraint',
      "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, 'generation INTEGER NOT NULL', 'generation INTEGER NOT NULL CHECK (generation < 2)') WHERE name = 'accounts'",
      'the table accounts was altered',
    ],
  ])('is detected for %s that could refuse a new token, before anything is sent', async (_, sql, said) => {
    tamper((database) => database.unsafeMode(true).exec(sql));
    await expectRefusal(OPENS.refresh_token);
    expect((await stage.vault(['refresh', '--all', '--force'])).stderr).toContain(said);
    expect(stage.tokenRequests()).toBe(0);
  });

  it('is detected for a file that is not a database any more', async () => {
    copyFileSync(join(stage.home.vault, 'config.json'), file);
    expect(await stage.vault(['list'])).toMatchObject({ exitCode: 9, stdout: '' });
  });
});
