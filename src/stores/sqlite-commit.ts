import type { Database } from 'better-sqlite3';
import { VaultError } from '../domain/errors.js';
import type { SealedLedger } from './contract.js';
import { isBusy } from './sqlite-code.js';

/* The writing half of a connection. */

/**
 * In ms: how long a commit keeps new readers out while it waits for current ones. It keeps its lock meanwhile: rolling back and
 * trying again could meet new readers forever.
 */
const DRAIN_TIMEOUT = 250;

/**
 * DELETE mode and EXTRA: when the call returns, a commit is on disk, its folder entry too. In WAL mode with this build's defaults a
 * commit made no fsync at all, and a full disk prevented even reading.
 */
const WRITE_PRAGMAS: readonly (readonly [name: string, setting: string, expected: unknown])[] = [
  ['journal_mode', 'DELETE', 'delete'],
  ['synchronous', 'EXTRA', 3],
  ['secure_delete', 'ON', 1],
  ['foreign_keys', 'ON', 1],
  ['temp_store', 'MEMORY', 2],
];

export const PUT_LEDGER = 'INSERT OR REPLACE INTO ledger (one, epoch, sealed) VALUES (1, ?, ?)';

interface PendingWrite {
  readonly action: () => unknown;
  readonly resolve: (value: never) => void;
  readonly reject: (failure: unknown) => void;
}

export interface Writer {
  write<T>(action: () => T): Promise<T>;
  /** Waits for the writes requested so far. */
  idle(): Promise<void>;
}

/**
 * Commits together what is asked for in one turn of the event loop, or during a commit.
 *
 * @param retrying runs an action again while another process holds the database
 */
export function createWriter(
  database: Database,
  connection: LedgerWriter,
  retrying: <T>(action: () => T) => Promise<T>,
  storeError: (failure: unknown) => Promise<unknown>,
): Writer {
  let pending: PendingWrite[] = [];
  let flushing: Promise<void> | null = null;
  let ready = false;

  /** One batch after another, so that writes keep their order. What arrived during a commit is read before the next one. */
  async function flushAll(): Promise<void> {
    while (pending.length > 0) {
      await new Promise(setImmediate);
      const batch = pending;
      pending = [];
      await flush(batch);
    }
    flushing = null;
  }

  async function flush(batch: readonly PendingWrite[]): Promise<void> {
    try {
      if (!ready) {
        await retrying(() => prepareForWriting(database));
        ready = true;
      }
      const settled = await retrying(() => commitTogether(database, connection, batch));
      for (const [index, { resolve, reject }] of batch.entries()) {
        const outcome = settled[index];
        if (outcome !== undefined && 'value' in outcome) resolve(outcome.value as never);
        else reject(await storeError(outcome?.failure));
      }
    } catch (failure) {
      for (const { reject } of batch) reject(failure);
    }
  }

  return {
    write<T>(action: () => T) {
      return new Promise<T>((resolve, reject) => {
        pending.push({ action, resolve, reject });
        flushing ??= flushAll();
      });
    },
    async idle() {
      await flushing;
    },
  };
}

type Settled = { readonly value: unknown } | { readonly failure: unknown };

/** The parts of a connection that a commit needs. */
interface LedgerWriter {
  unwritten: SealedLedger | null;
  writeLedger(): void;
}

/**
 * Runs the actions in one transaction, each in its own savepoint, and commits it with the last ledger that they have made.
 *
 * @throws SqliteError when nothing was committed
 */
function commitTogether(
  database: Database,
  connection: LedgerWriter,
  batch: readonly PendingWrite[],
): readonly Settled[] {
  database.exec('BEGIN IMMEDIATE');
  connection.unwritten = null;
  try {
    const settled = batch.map(({ action }): Settled => {
      const before = connection.unwritten;
      database.exec('SAVEPOINT one');
      try {
        const value = action();
        database.exec('RELEASE one');
        return { value };
      } catch (failure) {
        if (!database.inTransaction || isBusy(failure)) throw failure;
        database.exec('ROLLBACK TO one; RELEASE one');
        connection.unwritten = before;
        return { failure };
      }
    });
    connection.writeLedger();
    database.pragma(`busy_timeout = ${DRAIN_TIMEOUT}`);
    database.exec('COMMIT');
    return settled;
  } catch (failure) {
    if (database.inTransaction) database.exec('ROLLBACK');
    throw failure;
  } finally {
    database.pragma('busy_timeout = 0');
  }
}

/** Runs an action in a transaction of its own, which is rolled back when the action throws. */
export function transaction<T>(database: Database, begin: 'BEGIN' | 'BEGIN IMMEDIATE', action: () => T): T {
  database.exec(begin);
  try {
    const value = action();
    database.exec('COMMIT');
    return value;
  } catch (failure) {
    if (database.inTransaction) database.exec('ROLLBACK');
    throw failure;
  }
}

/** Sets what makes a commit durable, and reads it back: an unknown pragma fails silently. */
export function prepareForWriting(database: Database): void {
  for (const [name, setting, expected] of WRITE_PRAGMAS) {
    database.pragma(`${name} = ${setting}`);
    if (database.pragma(name, { simple: true }) !== expected) {
      throw new VaultError('vault_not_writable', `the database rejected the setting ${name} = ${setting}`, {
        hint: 'close every other program that has the vault open, then try again',
      });
    }
  }
}
