import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import SqliteDatabase, { type Database, type Options } from 'better-sqlite3';
import { VaultError } from '../domain/errors.js';
import { command } from '../domain/hints.js';
import type { Files } from '../system/contract.js';
import { asAddonFailure } from './addon-failure.js';

/** Files beside a database that SQLite opens unasked. Source: sqlite.org/tempfiles.html */
const BESIDE = ['-journal', '-wal', '-shm'];

type Opening = Pick<Options, 'timeout' | 'readonly'>;

/**
 * Opens an existing, checked database file. Its journal files are checked here: SQLite would block on a pipe, and through a hard link
 * it would write old pages into a foreign file.
 *
 * @throws VaultError `vault_permissions`; `installation_broken` when the native addon was not built for this Node; SqliteError
 */
export function openSqlite(path: string, files: Pick<Files, 'check'>, options: Opening = {}): Database {
  checkBeside(path, files);
  return opened(path, options);
}

/** For a database that is opened without {@link openSqlite}. @throws VaultError `vault_permissions` */
export function checkBeside(path: string, files: Pick<Files, 'check'>): void {
  for (const end of BESIDE) files.check(`${path}${end}`);
}

/** Searching for the native addon would take a tenth of the time of `vault token`, and could find another one. */
function opened(path: string, options: Opening): Database {
  try {
    return new SqliteDatabase(path, { ...options, fileMustExist: true, nativeBinding: nativeBinding() });
  } catch (failure) {
    throw asAddonFailure(failure);
  }
}

export function nativeBinding(): string {
  const library = createRequire(import.meta.url).resolve('better-sqlite3/package.json');
  return join(dirname(library), 'build', 'Release', 'better_sqlite3.node');
}

/**
 * Opens a vault's database without waiting for locks, which is done asynchronously, and without trusting its schema.
 *
 * @throws VaultError `vault_damaged` when there is none, `vault_permissions`, `vault_not_writable`, `busy`
 */
export async function openDatabase(path: string, files: Pick<Files, 'check'>): Promise<Database> {
  if (!files.check(path)) {
    throw new VaultError('vault_damaged', `there is no vault at ${path}`, { hint: command('init') });
  }
  try {
    const database = openSqlite(path, files, { timeout: 0 });
    try {
      distrust(database);
      return database;
    } catch (failure) {
      database.close();
      throw failure;
    }
  } catch (failure) {
    throw (await import('./sqlite-failure.js')).asStoreError(failure, path);
  }
}

/** SQLite runs no code from the file, and checks it while reading. Source: sqlite.org/security.html */
export function distrust(database: Database): void {
  database.pragma('trusted_schema = OFF');
  database.pragma('cell_size_check = ON');
  database.pragma('mmap_size = 0');
}

/** `tkvt`, for this program and file(1). */
export const APPLICATION_ID = 0x746b7674;

/** The number of migrations, and the SHA-256 of what {@link hasCurrentSchema} reads after the last one. */
export const SCHEMA_VERSION = 3;
const SCHEMA_DIGEST = '59276b6b35bb540b7a85012796f6bcb9a7ba3ee2fb5dac3320ac2c045edce0f7';

/**
 * Whether a database has the whole schema of this version and nothing else. If it has not, `migrate` upgrades it or reports why
 * it cannot.
 */
export function hasCurrentSchema(database: Database): boolean {
  if (applicationId(database) !== APPLICATION_ID || schemaVersion(database) !== SCHEMA_VERSION) return false;
  const entries = database
    .prepare('SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY name')
    .raw()
    .all();
  return createHash('sha256').update(JSON.stringify(entries)).digest('hex') === SCHEMA_DIGEST;
}

export function applicationId(database: Database): number {
  return Number(database.pragma('application_id', { simple: true }));
}

export function schemaVersion(database: Database): number {
  return Number(database.pragma('user_version', { simple: true }));
}
