import SqliteDatabase from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Connection, connect } from '../../src/stores/sqlite-connection.js';
import { openDatabase } from '../../src/stores/sqlite-open.js';
import { systemClock } from '../../src/system/clock.js';
import { clockDouble } from '../doubles/clock.js';
import { headExample, type VaultFolder, vaultFolder } from '../harness/vault-folder.js';

let folder: VaultFolder;
let connection: Connection;
beforeEach(async () => {
  folder = vaultFolder();
  await (await folder.factory.create(headExample())).close();
  connection = connect(
    await openDatabase(folder.paths.database, folder.files),
    folder.paths.database,
    systemClock,
  );
  await connection.write(() => connection.prepare('CREATE TABLE notes (n INTEGER PRIMARY KEY) STRICT').run());
});
afterEach(async () => {
  await connection.close();
  folder.remove();
});

const put = (n: number | string) =>
  connection.write(() => connection.prepare('INSERT INTO notes VALUES (?)').run(n).changes);

/** What another connection finds on disk. */
function notes(): number[] {
  const database = new SqliteDatabase(folder.paths.database, { readonly: true });
  try {
    return (database.prepare('SELECT n FROM notes ORDER BY rowid').pluck().all() as number[]).map(Number);
  } finally {
    database.close();
  }
}

describe('concurrent writes', () => {
  it('are on disk in order when their promises resolve', async () => {
    const order: number[] = [];
    await Promise.all(Array.from({ length: 200 }, (_, n) => put(n).then(() => order.push(n))));
    expect(notes()).toHaveLength(200);
    expect(order).toEqual([...order].sort((a, b) => a - b));
  });

  it('share commits', async () => {
    let commits = 0;
    const database = await openDatabase(folder.paths.database, folder.files);
    const counting = new Proxy(database, {
      get(target, name) {
        if (name === 'exec')
          return (sql: string) => {
            if (sql === 'COMMIT') commits += 1;
            return target.exec(sql);
          };
        const value = Reflect.get(target, name, target) as unknown;
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    const counted = connect(counting, folder.paths.database, systemClock);
    await Promise.all(
      Array.from({ length: 50 }, (_, n) =>
        counted.write(() => counted.prepare('INSERT INTO notes VALUES (?)').run(n)),
      ),
    );
    await counted.close();
    expect(commits).toBe(1);
    expect(notes()).toHaveLength(50);
  });

  it('do not fail together if one of them throws', async () => {
    const refusal = new Error('refused by the action itself');
    const results = await Promise.allSettled([
      put(1),
      connection.write(() => {
        connection.prepare('INSERT INTO notes VALUES (2)').run();
        throw refusal;
      }),
      put(1),
      put('no integer'),
      put(3),
    ]);
    expect(results.map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'rejected',
      'rejected',
      'fulfilled',
    ]);
    expect(results[1]).toMatchObject({ reason: refusal });
    // The half that the second had written is gone with it.
    expect(notes()).toEqual([1, 3]);
  });

  it('all fail if the commit fails, and nothing of them is kept', async () => {
    await put(1);
    await connection.write(() => {
      connection.prepare('CREATE TABLE parents (n INTEGER PRIMARY KEY) STRICT').run();
      connection
        .prepare(
          'CREATE TABLE children (n INTEGER REFERENCES parents (n) DEFERRABLE INITIALLY DEFERRED) STRICT',
        )
        .run();
    });
    const orphan = connection.write(() => connection.prepare('INSERT INTO children VALUES (9)').run());
    const results = await Promise.allSettled([put(2), orphan, put(3)]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(notes()).toEqual([1]);
    // The connection is as good as before.
    await put(4);
    expect(notes()).toEqual([1, 4]);
  });

  it('are on disk before the connection closes', async () => {
    const writes = Promise.all([put(1), put(2)]);
    await connection.close();
    await writes;
    expect(notes()).toEqual([1, 2]);
  });
});

describe('a database that another connection is writing to', () => {
  it.each(['reading', 'writing'])('is waited for if %s, however long its commit takes', async (doing) => {
    const clock = clockDouble(0);
    const patient = connect(
      await openDatabase(folder.paths.database, folder.files),
      folder.paths.database,
      clock,
    );
    const other = new SqliteDatabase(folder.paths.database);
    other.exec('BEGIN EXCLUSIVE; INSERT INTO notes VALUES (7)');
    clock.onSleep = () => {
      if (clock.slept.length === 5) other.exec('COMMIT');
    };
    if (doing === 'reading') {
      expect(await patient.read(() => patient.prepare('SELECT n FROM notes').pluck().all())).toEqual([7]);
    } else {
      await patient.write(() => patient.prepare('INSERT INTO notes VALUES (8)').run());
      expect(notes()).toEqual([7, 8]);
    }
    expect(clock.slept).toHaveLength(5);
    other.close();
    await patient.close();
  });

  it('is reported with a code of its own if it stays busy', async () => {
    const clock = clockDouble(0);
    const hurried = connect(
      await openDatabase(folder.paths.database, folder.files),
      folder.paths.database,
      clock,
    );
    const other = new SqliteDatabase(folder.paths.database);
    other.exec('BEGIN EXCLUSIVE');
    const busy = expect.objectContaining({
      code: 'busy',
      exitCode: 10,
      hint: expect.stringContaining('lsof'),
    });
    await expect(hurried.read(() => hurried.prepare('SELECT 1 FROM notes').get())).rejects.toThrow(busy);
    await expect(hurried.write(() => hurried.prepare('INSERT INTO notes VALUES (1)').run())).rejects.toThrow(
      busy,
    );
    other.close();
    await hurried.write(() => hurried.prepare('INSERT INTO notes VALUES (1)').run());
    await hurried.close();
    expect(notes()).toEqual([1]);
    // Ten seconds, and not without a pause.
    expect(Math.max(...clock.slept)).toBeLessThan(50);
    expect(clock.now()).toBeGreaterThan(20_000);
  });
});
