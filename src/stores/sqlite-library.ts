import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import SqliteDatabase, { type Database, type Options } from 'better-sqlite3';
import { VaultError } from '../domain/errors.js';
import type { Files } from '../system/contract.js';

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
