import type { Database } from 'better-sqlite3';
import { codeOf, VaultError } from '../domain/errors.js';
import { command } from '../domain/hints.js';
import type { Clock, Files } from '../system/contract.js';
import type { Intent, Store } from './contract.js';
import { connect } from './sqlite-connection.js';
import { asStoreError } from './sqlite-failure.js';
import { APPLICATION_ID, distrust, openSqlite, SCHEMA_VERSION } from './sqlite-open.js';
import { INTENTS } from './sqlite-rest.js';
import { alterations } from './sqlite-schema.js';
import { sqliteStore } from './sqlite-store.js';

/** A vault's database, read-only: nothing is migrated, created or rolled back. */
export interface Inspection {
  readonly path: string;
  readonly isVault: boolean;
  readonly schemaVersion: number;
  readonly knownVersion: number;
  /** How many faults SQLite's integrity check finds. */
  faults(): Promise<number>;
  /** How the schema differs, in words. */
  oddTables(): Promise<string | null>;
  /** How many rows have lost their account or key. */
  orphans(): Promise<number>;
  intents(): Promise<readonly Intent[]>;
  /** Its writes fail. */
  readonly store: Store;
  close(): Promise<void>;
}

/**
 * @param files that change no permissions
 * @throws VaultError `vault_permissions`, `vault_damaged`, `vault_not_writable` when it cannot be opened, `busy`, and
 * `refresh_interrupted` when the next command will roll back an interrupted write
 */
export async function inspectSqlite(
  path: string,
  files: Pick<Files, 'check'>,
  clock: Clock,
): Promise<Inspection> {
  // SQLite would block on a pipe, without reacting to signals.
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

  /** A read-only connection cannot roll back an interrupted write. */
  function explain(failure: unknown): never {
    const cause = failure instanceof Error ? failure.cause : null;
    const code = codeOf(cause);
    if (code !== 'SQLITE_READONLY_ROLLBACK' && code !== 'SQLITE_READONLY_RECOVERY') throw failure;
    throw new VaultError('refresh_interrupted', `the last write to ${path} was interrupted`, {
      hint: `the next command undoes it: ${command('list')}`,
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
        const lines = await rows('integrity_check(100)');
        return lines.filter((row) => !isOk(row)).length;
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
