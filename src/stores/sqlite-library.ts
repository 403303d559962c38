import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import SqliteDatabase, { type Database, type Options } from 'better-sqlite3';
import { VaultError } from '../domain/errors.js';

/**
 * Opens a database file that is there. The library is told where its native half lies: searching for it would take a
 * tenth of the time that `vault token` needs, and could find another one.
 *
 * @throws VaultError `installation_broken` when the native half was never built; SqliteError as SQLite says
 */
export function openSqlite(path: string, options: Pick<Options, 'timeout' | 'readonly'> = {}): Database {
  try {
    return new SqliteDatabase(path, { ...options, fileMustExist: true, nativeBinding: nativeBinding() });
  } catch (failure) {
    if (!isMissingBinding(failure)) throw failure;
    throw new VaultError(
      'installation_broken',
      'the SQLite library is not built for this machine and this Node, probably because install scripts were not allowed',
      { hint: 'where token-vault is installed, type: npm rebuild better-sqlite3', cause: failure },
    );
  }
}

function nativeBinding(): string {
  const library = createRequire(import.meta.url).resolve('better-sqlite3/package.json');
  return join(dirname(library), 'build', 'Release', 'better_sqlite3.node');
}

function isMissingBinding(failure: unknown): boolean {
  const code = failure instanceof Error && 'code' in failure ? failure.code : null;
  return code === 'MODULE_NOT_FOUND' || code === 'ERR_DLOPEN_FAILED';
}
