import { join } from 'node:path';
import type { Database } from 'better-sqlite3';
import { VaultError } from '../domain/errors.js';
import { fromBackup } from '../domain/hints.js';
import { inQuotes } from '../domain/safe-text.js';
import type { Clock, Files } from '../system/contract.js';
import { isBusy } from './sqlite-code.js';
import { asStoreError } from './sqlite-failure.js';
import { openSqlite } from './sqlite-open.js';

export interface Lock {
  /** May be called twice. */
  release(): Promise<void>;
}

export interface Locks {
  /**
   * Waits by polling with jitter, so that signals still arrive.
   *
   * @param name an account's id; `ID-turn` for the commands that want it refreshed; `vault` for the vault as a whole;
   *   `clients` for the registration of clients; `import`; `agent`
   * @param timeout in ms; 0 tries once, Infinity waits until the signal is aborted
   * @throws VaultError `busy` after the timeout, `vault_permissions`, `vault_not_writable`, `vault_damaged`; the signal's reason
   */
  acquire(name: string, timeout: number, signal?: AbortSignal): Promise<Lock>;
  /** Creates no file: a lock that never existed is free. @throws VaultError as `acquire`, except `busy` */
  isFree(name: string): Promise<boolean>;
}

/** In ms, between two attempts: from the first to the longest by half each time. */
const FIRST_PAUSE = 4;
const LONGEST_PAUSE = 50;
/** An id that was altered in the database must not lead out of the folder. */
const NAME = /^[A-Za-z0-9-]{1,64}$/;

/**
 * Locks between processes. Each is a tiny SQLite database in which an exclusive transaction stays open. The kernel releases it when
 * the holder dies, so there are no stale locks and no process ids to trust. The files are never removed: a new file under the same
 * name would be a second lock.
 */
export function sqliteLocks(folder: string, files: Files, clock: Clock): Locks {
  function pathOf(name: string): string {
    if (!NAME.test(name)) {
      throw new VaultError('vault_damaged', 'the vault was altered: an account has an invalid id', {
        hint: fromBackup(),
      });
    }
    return join(folder, `${name}.db`);
  }

  /**
   * Creates and checks the file before SQLite opens it: SQLite would follow links. It needs no sync: a crash that loses the file
   * ends every process that holds the lock.
   */
  function prepareFile(name: string): string {
    const path = pathOf(name);
    files.ensureFolder(folder);
    if (!files.check(path) && !files.createUnsynced(path)) files.check(path);
    return path;
  }

  function openLock(path: string): Database {
    try {
      return openSqlite(path, files, { timeout: 0 });
    } catch (failure) {
      throw explain(failure, path);
    }
  }

  return {
    async acquire(name, timeout, signal) {
      signal?.throwIfAborted();
      const path = prepareFile(name);
      const end = clock.elapsed() + timeout;
      const database = openLock(path);
      try {
        for (
          let pause = FIRST_PAUSE;
          !tryLock(database, path);
          pause = Math.min(pause * 1.5, LONGEST_PAUSE)
        ) {
          if (clock.elapsed() >= end) throw held(name);
          await clock.sleep(pause * (0.5 + Math.random()), signal);
        }
      } catch (failure) {
        database.close();
        throw failure;
      }
      return {
        release: async () => {
          database.close();
        },
      };
    },

    async isFree(name) {
      const path = pathOf(name);
      if (!files.checkFolder(folder) || !files.check(path)) return true;
      const database = openLock(path);
      try {
        return tryLock(database, path);
      } finally {
        database.close();
      }
    },
  };
}

/**
 * The write is needed: on a read-only file SQLite begins an exclusive transaction that excludes no other process. Nothing is ever
 * committed, so its journal is kept in memory.
 */
function tryLock(database: Database, path: string): boolean {
  try {
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE; PRAGMA user_version = 1');
    return true;
  } catch (failure) {
    if (isBusy(failure)) return false;
    throw explain(failure, path);
  }
}

function held(name: string): VaultError {
  const what =
    name === 'vault' ? 'holds the vault' : name === 'import' ? 'imports a login' : 'holds this account';
  return new VaultError('busy', `another process ${what} and did not finish in time`, {
    hint: 'try again in a moment; to list the processes: pgrep -af vault',
  });
}

/** A lock has no content, so its remedy is not to restore a backup. */
function explain(failure: unknown, path: string): unknown {
  const error = asStoreError(failure, path);
  if (!(error instanceof VaultError) || error.code !== 'vault_damaged') return error;
  return new VaultError('vault_damaged', `${path} is a lock file, and was overwritten`, {
    hint: `while no vault command runs: rm ${inQuotes(path)}`,
    cause: failure,
  });
}
