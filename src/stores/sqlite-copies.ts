import type { Database } from 'better-sqlite3';
import { SECOND } from '../domain/duration.js';
import { VaultError } from '../domain/errors.js';
import { inQuotes } from '../domain/safe-text.js';
import type { Clock, Files } from '../system/contract.js';
import type { Store } from './contract.js';
import { sqliteStore } from './sqlite.js';
import { connect, prepareForWriting } from './sqlite-connection.js';
import { asStoreError, checkBeside, createEmpty, openDatabase, removeDatabase } from './sqlite-open.js';
import { migrate } from './sqlite-schema.js';

/** Whole copies of a vault's database, kept private beside it while they are being made or looked at. */
export interface Copies {
  /**
   * Copies the database as it is at one moment, whoever writes to it meanwhile.
   *
   * @returns the path of the copy; the caller removes it
   * @throws VaultError `vault_damaged`, `vault_not_writable`, `busy`
   */
  snapshot(): Promise<string>;
  /**
   * Looks a copy over and opens it, brought up to this program's schema.
   *
   * @throws VaultError `vault_damaged` when SQLite finds a fault in it or it is no vault, `vault_newer`
   */
  open(path: string): Promise<Store>;
  /**
   * Puts every row of a copy in the place of the rows that are there, in one commit, so that whoever has the database open
   * goes on with what is new.
   *
   * @throws VaultError as the store; then nothing has changed
   */
  takeOver(copy: string): Promise<void>;
  /** Takes away a copy and what SQLite has left beside it. */
  remove(path: string): void;
}

const PATIENCE = 30 * SECOND;
/** In one step, so that no writer can come between two and have it begin again. */
const ALL_PAGES = 0x7fffffff;

/** See {@link Copies}. @param path of the vault's database */
export function sqliteCopies(path: string, files: Files, clock: Clock): Copies {
  const snapshotPath = `${path}.snapshot`;

  return {
    async snapshot() {
      createEmpty(snapshotPath, files);
      const database = openDatabase(path, files);
      const end = clock.now() + PATIENCE;
      try {
        checkBeside(snapshotPath, files);
        await database.backup(snapshotPath, {
          progress: () => {
            if (clock.now() <= end) return ALL_PAGES;
            throw new VaultError('busy', `${path} is written all the time, so that it cannot be copied`, {
              hint: `see who has it open: lsof ${inQuotes(path)}`,
            });
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
      const database = openDatabase(copy, files);
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
      const database = openDatabase(path, files);
      try {
        prepareForWriting(database);
        database.pragma(`busy_timeout = ${PATIENCE}`);
        checkBeside(copy, files);
        database.prepare('ATTACH ? AS copy').run(copy);
        // They hold in the copy, and would take children away with parents that are about to come back.
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
        // A transaction that is still open goes back with it.
        database.close();
      }
    },

    remove: (copy) => removeDatabase(copy, files),
  };
}

/** Both have the same schema: the copy was brought up to it. */
function tablesOf(database: Database): readonly string[] {
  return database
    .prepare<[], string>(
      "SELECT name FROM copy.sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
    )
    .pluck()
    .all();
}

function refuseFaults(database: Database, path: string): void {
  const said = database.pragma('integrity_check(1)', { simple: true });
  const orphans = database.pragma('foreign_key_check') as readonly unknown[];
  if (said === 'ok' && orphans.length === 0) return;
  throw new VaultError('vault_damaged', `${path} is damaged: SQLite's own check finds a fault in it`, {
    hint: 'use another backup',
  });
}
