import type { Database } from 'better-sqlite3';
import { codeOf, VaultError } from '../domain/errors.js';
import type { Clock, Files } from '../system/contract.js';
import type { Intent, Store } from './contract.js';
import { sqliteStore } from './sqlite.js';
import { connect } from './sqlite-connection.js';
import { asStoreError, distrust, openSqlite } from './sqlite-open.js';
import { INTENTS } from './sqlite-rows.js';
import { APPLICATION_ID, alterations, SCHEMA_VERSION } from './sqlite-schema.js';

/** A vault's database, opened for reading only: nothing is migrated, created, rolled back or tightened. */
export interface Inspection {
  readonly path: string;
  /** Whether the file carries the mark of a vault. */
  readonly isVault: boolean;
  readonly schemaVersion: number;
  /** The schema this program writes. */
  readonly knownVersion: number;
  /** What SQLite's own check finds wrong with the file. */
  faults(): Promise<number>;
  /** Tables, indexes and the like that are not as this program makes them, or that it does not make, in words; null: none. */
  oddTables(): Promise<string | null>;
  /** Rows whose account or key is missing. */
  orphans(): Promise<number>;
  /** Refreshes that were begun and not settled. */
  intents(): Promise<readonly Intent[]>;
  /** Its writes fail. */
  readonly store: Store;
  close(): Promise<void>;
}

/**
 * @param files that only look
 * @throws VaultError `vault_permissions`, `vault_damaged`, `vault_not_writable` when it cannot be opened, `busy`, and
 * `refresh_interrupted` when a write was cut off that the next command rolls back
 */
export async function inspectSqlite(
  path: string,
  files: Pick<Files, 'check'>,
  clock: Clock,
): Promise<Inspection> {
  // At a pipe SQLite would wait for ever, deaf to signals.
  files.check(path);
  let database: Database;
  try {
    database = openSqlite(path, files, { timeout: 0, readonly: true });
  } catch (failure) {
    throw asStoreError(failure, path);
  }
  const connection = connect(database, path, clock);
  const number = (pragma: string) =>
    connection.read(() => Number(database.pragma(pragma, { simple: true }))).catch(explain);
  const rows = (pragma: string) =>
    connection.read(() => database.pragma(pragma) as readonly unknown[]).catch(explain);

  /** A connection that only reads cannot roll back what a killed process left half written. */
  function explain(failure: unknown): never {
    const cause = failure instanceof Error ? failure.cause : null;
    const code = codeOf(cause);
    if (code !== 'SQLITE_READONLY_ROLLBACK' && code !== 'SQLITE_READONLY_RECOVERY') throw failure;
    throw new VaultError('refresh_interrupted', `the last write to ${path} was cut off before its end`, {
      hint: 'any command takes it back and goes on from before it: vault list',
      cause: failure,
    });
  }

  try {
    distrust(database);
    const isVault = (await number('application_id')) === APPLICATION_ID;
    const schemaVersion = await number('user_version');
    return {
      path,
      isVault,
      schemaVersion,
      knownVersion: SCHEMA_VERSION,
      faults: async () => {
        const said = await rows('integrity_check(100)');
        return said.filter((row) => !isOk(row)).length;
      },
      oddTables: () => connection.read(() => alterations(database, schemaVersion)),
      orphans: async () => (await rows('foreign_key_check')).length,
      intents: () => connection.read(() => INTENTS.all(connection, '')),
      store: sqliteStore(connection),
      close: () => connection.close(),
    };
  } catch (failure) {
    await connection.close();
    throw asStoreError(failure, path);
  }
}

function isOk(row: unknown): boolean {
  return typeof row === 'object' && row !== null && Object.values(row)[0] === 'ok';
}
