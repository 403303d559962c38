import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import SqliteDatabase, { type Database, type Options } from 'better-sqlite3';
import { VaultError } from '../domain/errors.js';
import { command, fromBackup } from '../domain/hints.js';
import { inQuotes } from '../domain/safe-text.js';
import type { Files } from '../system/contract.js';

const DAMAGED = [
  'SQLITE_CORRUPT',
  'SQLITE_NOTADB',
  'SQLITE_FORMAT',
  'SQLITE_MISMATCH',
  'SQLITE_ERROR',
  // This program writes nothing that violates its own schema.
  'SQLITE_CONSTRAINT_CHECK',
];
const UNWRITABLE: Record<string, string> = {
  SQLITE_FULL: 'the disk is full',
  SQLITE_READONLY: 'it is read-only',
  SQLITE_IOERR: 'the disk reports an error',
  SQLITE_CANTOPEN: 'it cannot be opened',
  SQLITE_PERM: 'permission is denied',
  SQLITE_AUTH: 'permission is denied',
};

/** The extended result code, for example `SQLITE_BUSY_SNAPSHOT`; empty for other failures. */
function sqliteCode(failure: unknown): string {
  return failure instanceof Error && failure.name === 'SqliteError' && 'code' in failure
    ? String(failure.code)
    : '';
}

/** Whether another process is writing. */
export function isBusy(failure: unknown): boolean {
  const code = sqliteCode(failure);
  return code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED') || code === 'SQLITE_PROTOCOL';
}

/** Whether a name or an identity is taken. */
export function isTaken(failure: unknown): boolean {
  const code = sqliteCode(failure);
  return code === 'SQLITE_CONSTRAINT_UNIQUE' || code === 'SQLITE_CONSTRAINT_PRIMARYKEY';
}

/** SQLite's own message is not shown: it may quote data. */
export function asStoreError(failure: unknown, path: string): unknown {
  const code = sqliteCode(failure);
  if (code === '') return failure;
  if (isBusy(failure)) {
    return new VaultError('busy', `${path} is locked by another process that did not finish in time`, {
      hint: `to list the processes: lsof ${inQuotes(path)}`,
      cause: failure,
    });
  }
  const unwritable = Object.keys(UNWRITABLE).find((prefix) => code.startsWith(prefix));
  if (unwritable !== undefined) {
    const room = `df -h ${inQuotes(dirname(path))}`;
    const access = `check space and permissions: df ${inQuotes(path)}; ls -l ${inQuotes(path)}`;
    return new VaultError('vault_not_writable', `${path} cannot be used: ${UNWRITABLE[unwritable]}`, {
      hint: unwritable === 'SQLITE_FULL' ? room : access,
      cause: failure,
    });
  }
  if (DAMAGED.some((prefix) => code.startsWith(prefix))) {
    return new VaultError('vault_damaged', `${path} is damaged or is not a vault`, {
      hint: fromBackup(),
      cause: failure,
    });
  }
  return failure;
}

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
    if (!isMissingBinding(failure)) throw failure;
    throw new VaultError(
      'installation_broken',
      'better-sqlite3 is not built for this version of Node: install scripts were not allowed, or Node has changed since',
      { hint: 'where token-vault is installed, type: npm rebuild better-sqlite3', cause: failure },
    );
  }
}

export function nativeBinding(): string {
  const library = createRequire(import.meta.url).resolve('better-sqlite3/package.json');
  return join(dirname(library), 'build', 'Release', 'better_sqlite3.node');
}

function isMissingBinding(failure: unknown): boolean {
  const code = failure instanceof Error && 'code' in failure ? failure.code : null;
  return code === 'MODULE_NOT_FOUND' || code === 'ERR_DLOPEN_FAILED';
}

/**
 * Opens a vault's database without waiting for locks, which is done asynchronously, and without trusting its schema.
 *
 * @throws VaultError `vault_damaged` when there is none, `vault_permissions`, `vault_not_writable`, `busy`
 */
export function openDatabase(path: string, files: Pick<Files, 'check'>): Database {
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
    throw asStoreError(failure, path);
  }
}

/** SQLite runs no code from the file, and checks it while reading. Source: sqlite.org/security.html */
export function distrust(database: Database): void {
  database.pragma('trusted_schema = OFF');
  database.pragma('cell_size_check = ON');
  database.pragma('mmap_size = 0');
}

/**
 * Creates an empty private file for SQLite, and replaces a leftover one. SQLite gives its journal the same mode.
 *
 * @throws VaultError `vault_permissions`, `vault_not_writable`
 */
export function createEmpty(path: string, files: Pick<Files, 'create' | 'remove'>): void {
  removeDatabase(path, files);
  if (files.create(path, new Uint8Array())) return;
  throw new VaultError('vault_permissions', `another process keeps creating ${path}`, {
    hint: `to see what it is: ls -ld ${inQuotes(path)}`,
  });
}

/** Removes a database that no process has open, and its journal. */
export function removeDatabase(path: string, files: Pick<Files, 'remove'>): void {
  files.remove(path);
  files.remove(`${path}-journal`);
}
