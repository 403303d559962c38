import type { Database } from 'better-sqlite3';
import { VaultError } from '../domain/errors.js';
import { inQuotes } from '../domain/safe-text.js';
import type { Files } from '../system/contract.js';
import { asStoreError } from './sqlite-failure.js';
import { openSqlite } from './sqlite-library.js';

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
