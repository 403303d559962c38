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

export interface PendingWrite {
  readonly action: () => unknown;
  readonly resolve: (value: never) => void;
  readonly reject: (failure: unknown) => void;
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
export function commitTogether(
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
