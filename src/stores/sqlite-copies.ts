import type { Database } from 'better-sqlite3';
import { SECOND } from '../domain/duration.js';
import { VaultError } from '../domain/errors.js';
import { inQuotes } from '../domain/safe-text.js';
import type { Clock, Files } from '../system/contract.js';
import type { Store } from './contract.js';
import { prepareForWriting } from './sqlite-commit.js';
import { connect } from './sqlite-connection.js';
import { createEmpty, removeDatabase } from './sqlite-create.js';
import { asStoreError } from './sqlite-failure.js';
import { checkBeside, openDatabase } from './sqlite-open.js';
import { migrate } from './sqlite-schema.js';
import { sqliteStore } from './sqlite-store.js';

/** Whole copies of a vault's database, in private files beside it. */
export interface Copies {
  /**
   * Copies the database as it is at one moment, despite concurrent writes.
   *
   * @returns the path of the copy; the caller removes it
   * @throws VaultError `vault_damaged`, `vault_not_writable`, `busy`
   */
  snapshot(): Promise<string>;
  /**
   * Checks a copy, migrates it to the current schema and opens it.
   *
   * @throws VaultError `vault_damaged` when SQLite finds a fault in it or it is no vault, `vault_newer`
   */
  open(path: string): Promise<Store>;
  /**
   * Replaces all rows by those of a copy in one commit, so that processes with an open database go on with the new rows.
   *
   * @throws VaultError as the store; then nothing has changed
   */
  takeOver(copy: string): Promise<void>;
  /** Removes a copy and its journal. */
  remove(path: string): void;
}

const TIMEOUT = 30 * SECOND;
/** In one step: a write between two steps would restart the copy. */
const ALL_PAGES = 0x7fffffff;

/** @param path of the vault's database */
export function sqliteCopies(path: string, files: Files, clock: Clock): Copies {
  const snapshotPath = `${path}.snapshot`;

  return {
    async snapshot() {
      createEmpty(snapshotPath, files);
      const database = await openDatabase(path, files);
      const end = clock.now() + TIMEOUT;
      try {
        checkBeside(snapshotPath, files);
        await database.backup(snapshotPath, {
          progress: () => {
            if (clock.now() <= end) return ALL_PAGES;
            throw new VaultError(
              'busy',
              `${path} cannot be copied, because other processes write to it all the time`,
              {
                hint: `to list them: lsof ${inQuotes(path)}`,
              },
            );
          },
        });
        return snapshotPath;
      } catch (failure) {
        removeDatabase(snapshotPath, files);
        throw asStoreError(failure, path);
      } finally {
        database.close();
      }
    },

    async open(copy) {
      const database = await openDatabase(copy, files);
      const connection = connect(database, copy, clock);
      try {
        await connection.read(() => migrate(database, copy));
        await connection.read(() => refuseFaults(database, copy));
        return sqliteStore(connection);
      } catch (failure) {
        await connection.close();
        throw failure;
      }
    },

    async takeOver(copy) {
      const database = await openDatabase(path, files);
      try {
        prepareForWriting(database);
        database.pragma(`busy_timeout = ${TIMEOUT}`);
        checkBeside(copy, files);
        database.prepare('ATTACH ? AS copy').run(copy);
        // They hold in the copy; here they would delete children of rows that are replaced.
        database.pragma('foreign_keys = OFF');
        database.exec('BEGIN EXCLUSIVE');
        for (const table of tablesOf(database)) {
          database.exec(
            `DELETE FROM main."${table}"; INSERT INTO main."${table}" SELECT * FROM copy."${table}"`,
          );
        }
        database.exec('COMMIT');
      } catch (failure) {
        throw asStoreError(failure, path);
      } finally {
        // Rolls back a transaction that is still open.
        database.close();
      }
    },

    remove: (copy) => removeDatabase(copy, files),
  };
}

function tablesOf(database: Database): readonly string[] {
  return database
    .prepare<[], string>(
      "SELECT name FROM copy.sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
    )
    .pluck()
    .all();
}

function refuseFaults(database: Database, path: string): void {
  const result = database.pragma('integrity_check(1)', { simple: true });
  const orphans = database.pragma('foreign_key_check') as readonly unknown[];
  if (result === 'ok' && orphans.length === 0) return;
  throw new VaultError('vault_damaged', `${path} is damaged: SQLite's integrity check found a fault`, {
    hint: 'use another backup',
  });
}
