import { dirname } from 'node:path';
import { VaultError } from '../domain/errors.js';
import { fromBackup } from '../domain/hints.js';
import { inQuotes } from '../domain/safe-text.js';
import { isBusy, sqliteCode } from './sqlite-code.js';

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
