import { join } from 'node:path';
import type { Database } from 'better-sqlite3';
import { FROM_BACKUP, VaultError } from '../domain/errors.js';
import { inQuotes } from '../domain/safe-text.js';
import type { Clock, Files } from '../system/contract.js';
import { asStoreError, isBusy, openSqlite } from './sqlite-open.js';

/** Holds an account, or the vault as a whole, against every other process. The kernel frees it when the holder dies. */
export interface Lock {
  /** Does nothing the second time. */
  release(): Promise<void>;
}

export interface Locks {
  /**
   * Waits by polling with jitter, so that signals are still heard.
   *
   * @param name an account's id, or `vault` for what concerns the vault as a whole: making it, its keys, its copies
   * @param patience milliseconds; with 0 it is tried once, with Infinity until the signal is aborted
   * @throws VaultError `busy` when the patience ends first, `vault_permissions`, `vault_not_writable`, `vault_damaged`;
   * the signal's reason when it is or was aborted
   */
  acquire(name: string, patience: number, signal?: AbortSignal): Promise<Lock>;
  /**
   * Whether nobody holds it at this moment. Makes nothing: what never was is free.
   *
   * @throws VaultError as `acquire`, but for `busy`
   */
  isFree(name: string): boolean;
}

/** Pauses between two attempts, in milliseconds; each is half as long again as the one before, up to the longest. */
const FIRST_PAUSE = 4;
const LONGEST_PAUSE = 50;
/** Ids are read from the database; one that was altered there must not lead out of the folder. */
const NAME = /^[A-Za-z0-9-]{1,64}$/;

/**
 * Locks between processes: each is a tiny SQLite database of its own in which an exclusive transaction stays open.
 * The kernel lets go of it when the holder dies, however it dies, so there is no stale lock to judge and no
 * process id to trust. The files are never removed: a removed and remade file would be two locks.
 */
export function sqliteLocks(folder: string, files: Files, clock: Clock): Locks {
  function pathOf(name: string): string {
    if (!NAME.test(name)) {
      throw new VaultError(
        'vault_damaged',
        'the vault was altered: an account has an id that none was given',
        {
          hint: FROM_BACKUP,
        },
      );
    }
    return join(folder, `${name}.db`);
  }

  /** File and folder are there before SQLite opens it, and are checked: SQLite would follow links. */
  function prepareFile(name: string): string {
    const path = pathOf(name);
    files.ensureFolder(folder);
    if (!files.check(path) && !files.create(path, new Uint8Array())) files.check(path);
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
    async acquire(name, patience, signal) {
      signal?.throwIfAborted();
      const path = prepareFile(name);
      const end = clock.elapsed() + patience;
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

    isFree(name) {
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

/** On a read-only file SQLite begins an exclusive transaction that excludes nobody; the write in it fails there. */
function tryLock(database: Database, path: string): boolean {
  try {
    database.exec('BEGIN EXCLUSIVE; PRAGMA user_version = 1');
    return true;
  } catch (failure) {
    if (isBusy(failure)) return false;
    throw explain(failure, path);
  }
}

function held(name: string): VaultError {
  const what = name === 'vault' ? 'the vault' : 'this account';
  return new VaultError('busy', `another process holds ${what} and did not finish in time`, {
    hint: 'try again in a moment; see who holds it with: pgrep -af vault',
  });
}

/** A lock holds nothing that would have to be restored. */
function explain(failure: unknown, path: string): unknown {
  const error = asStoreError(failure, path);
  if (!(error instanceof VaultError) || error.code !== 'vault_damaged') return error;
  return new VaultError('vault_damaged', `${path} is a lock, and something else was written into it`, {
    hint: `while no vault command runs: rm ${inQuotes(path)}`,
    cause: failure,
  });
}
