import * as fs from 'node:fs';
import { VaultError } from '../../domain/errors.js';
import { inQuotes } from '../../domain/safe-text.js';
import { codeOf, statOrNull } from './file-failure.js';

/** Absent on Windows. */
const O_NOFOLLOW = fs.constants.O_NOFOLLOW ?? 0;
/** Others may read nothing, and a group no more than read: 0400, or 0440 where systemd gives it to a user by its group. */
const TOO_OPEN = 0o037;

/**
 * Reads a file that the service manager made, which it may own: nothing about it is changed, only judged.
 *
 * @param uid ours; undefined on Windows
 * @returns null when there is no such file
 * @throws VaultError `vault_permissions`; `key_unavailable` when it may not be read; `key_wrong` when it is too large
 */
export function readCredential(path: string, limit: number, uid: number | undefined): Buffer | null {
  if (statOrNull(path) === null) return null;
  const descriptor = open(path);
  try {
    const stats = fs.fstatSync(descriptor);
    if (!stats.isFile()) throw unsafe(path, 'is not a regular file');
    if (uid !== undefined && stats.uid !== 0 && stats.uid !== uid)
      throw unsafe(path, 'belongs to another user');
    if (uid !== undefined && (stats.mode & TOO_OPEN) !== 0)
      throw unsafe(path, 'is open to other users', `chmod 400 ${inQuotes(path)}`);
    if (stats.size > limit) {
      throw new VaultError(
        'key_wrong',
        `the credential ${path} does not hold a master key: it is larger than one`,
        {
          hint: 'make the credential anew, from the 43 characters of the key',
        },
      );
    }
    return fs.readFileSync(descriptor);
  } finally {
    fs.closeSync(descriptor);
  }
}

function open(path: string): number {
  try {
    return fs.openSync(path, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK | O_NOFOLLOW);
  } catch (failure) {
    if (codeOf(failure) === 'ELOOP') throw unsafe(path, 'is a symbolic link');
    throw new VaultError('key_unavailable', `the credential ${path} cannot be read`, {
      hint: `run as the user the service runs as; see: ls -l ${inQuotes(path)}`,
      cause: failure,
    });
  }
}

function unsafe(path: string, what: string, step = `look at it with: ls -ld ${inQuotes(path)}`): VaultError {
  return new VaultError('vault_permissions', `the credential ${path} ${what}`, {
    hint: `systemd makes it with mode 0400; ${step}`,
  });
}
