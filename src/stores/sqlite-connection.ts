import type { Database, Statement } from 'better-sqlite3';
import type { Clock } from '../system/contract.js';
import type { SealedLedger } from './contract.js';
import { isBusy } from './sqlite-code.js';
import { createWriter, PUT_LEDGER, type Writer } from './sqlite-commit.js';

/** In ms: how long to wait for another process's commit, which takes a few. */
const BUSY_TIMEOUT = 10_000;
/** In ms, between two attempts. */
const FIRST_PAUSE = 1;
const LONGEST_PAUSE = 25;

export type Prepare = (sql: string) => { run(...values: unknown[]): { readonly changes: number } };

/** A connection to a vault's database that waits for other processes and shares commits. */
export interface Connection {
  readonly path: string;
  /** Prepares once, then reuses. */
  prepare<Row>(sql: string): Statement<unknown[], Row>;
  /** Runs an action that only reads, and repeats it while another process commits. @throws VaultError */
  read<T>(action: () => T): Promise<T>;
  /** Runs reads in one transaction. Call it inside a read or a write. */
  atOneMoment<T>(action: () => T): T;
  /**
   * Runs `action` in a transaction that is on disk when the promise resolves. Concurrent writes share one transaction, each in its
   * own savepoint, so that one that throws does not roll back the others. @throws VaultError
   */
  write<T>(action: () => T): Promise<T>;
  /** The ledger that the current transaction has made. Its commit writes it: the last one counts for all that share the commit. */
  unwritten: SealedLedger | null;
  /** Writes it now. */
  writeLedger(): void;
  /** Waits for the writes requested so far. */
  close(): Promise<void>;
}

export function connect(database: Database, path: string, clock: Clock): Connection {
  const statements = new Map<string, Statement<unknown[], unknown>>();

  function prepare<Row>(sql: string): Statement<unknown[], Row> {
    let statement = statements.get(sql);
    if (statement === undefined) {
      statement = database.prepare(sql);
      statements.set(sql, statement);
    }
    return statement as Statement<unknown[], Row>;
  }

  const storeError = async (failure: unknown) =>
    (await import('./sqlite-failure.js')).asStoreError(failure, path);

  async function retrying<T>(action: () => T): Promise<T> {
    const end = clock.elapsed() + BUSY_TIMEOUT;
    for (let pause = FIRST_PAUSE; ; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
      try {
        return action();
      } catch (failure) {
        if (!isBusy(failure) || clock.elapsed() > end) throw await storeError(failure);
      }
      await clock.sleep(pause * (0.5 + Math.random()));
    }
  }

  let writer: Writer | null = null;
  const connection: Connection = {
    path,
    prepare,
    read: retrying,
    atOneMoment(action) {
      if (database.inTransaction) return action();
      database.exec('BEGIN');
      try {
        return action();
      } finally {
        database.exec('ROLLBACK');
      }
    },
    write<T>(action: () => T) {
      writer ??= createWriter(database, connection, retrying, storeError);
      return writer.write(action);
    },
    unwritten: null,
    writeLedger() {
      const { unwritten } = connection;
      if (unwritten !== null) prepare(PUT_LEDGER).run(unwritten.epoch, unwritten.sealed);
      connection.unwritten = null;
    },
    async close() {
      await writer?.idle();
      database.close();
    },
  };
  return connection;
}
