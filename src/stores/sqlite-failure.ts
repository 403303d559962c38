import { dirname } from 'node:path';
import { FROM_BACKUP, VaultError } from '../domain/errors.js';
import { inQuotes } from '../domain/safe-text.js';

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
