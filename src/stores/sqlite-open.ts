import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import SqliteDatabase, { type Database, type Options } from 'better-sqlite3';
import { FROM_BACKUP, VaultError } from '../domain/errors.js';
import { inQuotes } from '../domain/safe-text.js';
import type { Files } from '../system/contract.js';

const DAMAGED = [
  'SQLITE_CORRUPT',
  'SQLITE_NOTADB',
  'SQLITE_FORMAT',
  'SQLITE_MISMATCH',
  'SQLITE_ERROR',
  // Nothing that this program writes breaks a rule that it has made.
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

/** SQLite's extended result code, `SQLITE_BUSY_SNAPSHOT` for example; empty for failures of another kind. */
function sqliteCode(failure: unknown): string {
  return failure instanceof Error && failure.name === 'SqliteError' && 'code' in failure
    ? String(failure.code)
    : '';
}

/** Whether trying again a moment later may work: another process is writing. */
export function isBusy(failure: unknown): boolean {
  const code = sqliteCode(failure);
  return code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED') || code === 'SQLITE_PROTOCOL';
}

/** Whether a name or an identity is taken. */
export function isTaken(failure: unknown): boolean {
  const code = sqliteCode(failure);
  return code === 'SQLITE_CONSTRAINT_UNIQUE' || code === 'SQLITE_CONSTRAINT_PRIMARYKEY';
}

/** Says in our words what SQLite could not do; its own message may quote data. */
export function asStoreError(failure: unknown, path: string): unknown {
  const code = sqliteCode(failure);
  if (code === '') return failure;
  if (isBusy(failure)) {
    return new VaultError('busy', `${path} is being written by another process that did not finish in time`, {
      hint: `see who has it open: lsof ${inQuotes(path)}`,
      cause: failure,
    });
  }
  const unwritable = Object.keys(UNWRITABLE).find((prefix) => code.startsWith(prefix));
  if (unwritable !== undefined) {
    const room = `df -h ${inQuotes(dirname(path))}`;
    const access = `check the space and the permissions there: df ${inQuotes(path)}; ls -l ${inQuotes(path)}`;
    return new VaultError('vault_not_writable', `${path} cannot be used: ${UNWRITABLE[unwritable]}`, {
      hint: unwritable === 'SQLITE_FULL' ? room : access,
      cause: failure,
    });
  }
  if (DAMAGED.some((prefix) => code.startsWith(prefix))) {
    return new VaultError('vault_damaged', `${path} is damaged or is not a vault`, {
      hint: FROM_BACKUP,
      cause: failure,
    });
  }
  return failure;
}

/** What SQLite opens by itself beside a database, whatever stands there. Source: sqlite.org/tempfiles.html */
const BESIDE = ['-journal', '-wal', '-shm'];

type Opening = Pick<Options, 'timeout' | 'readonly'>;

/**
 * Opens a database file that is there and has been checked. What SQLite would open beside it is checked here: at a pipe
 * it would wait for ever, deaf to signals, and through a second name it would write old pages into a file of others.
 *
 * @throws VaultError `vault_permissions`; `installation_broken` when the native half was never built, or for another Node; SqliteError as
 * SQLite says
 */
export function openSqlite(path: string, files: Pick<Files, 'check'>, options: Opening = {}): Database {
  checkBeside(path, files);
  return opened(path, options);
}

/** For a database that SQLite is to open without {@link openSqlite}. @throws VaultError `vault_permissions` */
export function checkBeside(path: string, files: Pick<Files, 'check'>): void {
  for (const end of BESIDE) files.check(`${path}${end}`);
}

/**
 * The library is told where its native half lies: searching for it would take a tenth of the time that `vault token`
 * needs, and could find another one.
 */
function opened(path: string, options: Opening): Database {
  try {
    return new SqliteDatabase(path, { ...options, fileMustExist: true, nativeBinding: nativeBinding() });
  } catch (failure) {
    if (!isMissingBinding(failure)) throw failure;
    throw new VaultError(
      'installation_broken',
      'the SQLite library is not built for this machine and this Node: install scripts were not allowed, or Node was changed since',
      { hint: 'where token-vault is installed, type: npm rebuild better-sqlite3', cause: failure },
    );
  }
}

/** Where the library's native half lies. */
export function nativeBinding(): string {
  const library = createRequire(import.meta.url).resolve('better-sqlite3/package.json');
  return join(dirname(library), 'build', 'Release', 'better_sqlite3.node');
}

function isMissingBinding(failure: unknown): boolean {
  const code = failure instanceof Error && 'code' in failure ? failure.code : null;
  return code === 'MODULE_NOT_FOUND' || code === 'ERR_DLOPEN_FAILED';
}

/**
 * Opens a vault's database without waiting for locks (waiting is done asynchronously) and without trusting its schema.
 *
 * @throws VaultError `vault_damaged` when there is none, `vault_permissions`, `vault_not_writable`, `busy`
 */
export function openDatabase(path: string, files: Pick<Files, 'check'>): Database {
  if (!files.check(path)) {
    throw new VaultError('vault_damaged', `there is no vault at ${path}`, { hint: 'vault init' });
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

/** Has SQLite run nothing that stands in the file, and check the file while it reads. Source: sqlite.org/security.html */
export function distrust(database: Database): void {
  database.pragma('trusted_schema = OFF');
  database.pragma('cell_size_check = ON');
  database.pragma('mmap_size = 0');
}

/**
 * Makes an empty file for SQLite to write into, in the place of one that was left there. It is private before SQLite sees it,
 * and SQLite gives its journal the same mode.
 *
 * @throws VaultError `vault_permissions`, `vault_not_writable`
 */
export function createEmpty(path: string, files: Pick<Files, 'create' | 'remove'>): void {
  removeDatabase(path, files);
  if (files.create(path, new Uint8Array())) return;
  throw new VaultError('vault_permissions', `something keeps coming back at ${path}`, {
    hint: `see what it is: ls -ld ${inQuotes(path)}`,
  });
}

/** Removes a database that nobody has open, and what SQLite has left beside it. */
export function removeDatabase(path: string, files: Pick<Files, 'remove'>): void {
  files.remove(path);
  files.remove(`${path}-journal`);
}
