import type { Files } from '../system/contract.js';
import { distrust, openSqlite } from './sqlite-open.js';

/** In ms: longer than another process's commit takes, and shorter than a person notices. */
const TIMEOUT = 100;

/**
 * The names of all accounts of a vault, read without its key and without changing anything: for the completion of shells.
 *
 * @param files that only look
 * @returns none where there is no vault
 * @throws VaultError `vault_permissions`; SqliteError
 */
export function accountNames(path: string, files: Pick<Files, 'check'>): readonly string[] {
  if (!files.check(path)) return [];
  const database = openSqlite(path, files, { readonly: true, timeout: TIMEOUT });
  try {
    distrust(database);
    const names = database.prepare(`SELECT provider || '/' || label FROM accounts ORDER BY provider, label`);
    return names.pluck().all() as string[];
  } finally {
    database.close();
  }
}
