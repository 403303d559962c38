import * as fs from 'node:fs';
import { dirname } from 'node:path';
import { VaultError } from '../../domain/errors.js';
import { inQuotes } from '../../domain/shell-word.js';

/** The system's own word for a failure, `ENOENT` for example; empty for failures of another kind. */
export function codeOf(failure: unknown): string {
  return failure instanceof Error && 'code' in failure ? String(failure.code) : '';
}

const WHY: Record<string, string> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EROFS: 'the file system is read-only',
  EACCES: 'permission is denied',
  EPERM: 'permission is denied',
  EIO: 'the disk reports an error',
  ENOENT: 'its folder is not there',
  ENOTDIR: 'a part of its path is not a folder',
  ELOOP: 'a symbolic link stands in its place',
  EISDIR: 'a folder stands in its place',
  ERR_FS_EISDIR: 'a folder stands in its place',
};

/** A `vault_not_writable` that says why in our words; the system's own message stays its cause. */
export function notWritable(path: string, failure: unknown): VaultError {
  const why = WHY[codeOf(failure)] ?? 'the system refuses';
  return new VaultError('vault_not_writable', `${path} cannot be written: ${why}`, {
    hint: `check the space and the permissions there: df ${inQuotes(dirname(path))}; ls -ld ${inQuotes(dirname(path))} ${inQuotes(path)}`,
    cause: failure,
  });
}

/**
 * The metadata of what stands at a path itself, of a link and not of its target.
 *
 * @returns null when nothing is there
 * @throws VaultError `vault_permissions`
 */
export function statOrNull(path: string): fs.Stats | null {
  try {
    return fs.lstatSync(path);
  } catch (failure) {
    if (codeOf(failure) === 'ENOENT' || codeOf(failure) === 'ENOTDIR') return null;
    throw new VaultError('vault_permissions', `${path} cannot be looked at`, {
      hint: `ls -ld ${inQuotes(path)}`,
      cause: failure,
    });
  }
}

export function notAFile(path: string): VaultError {
  return new VaultError('vault_permissions', `${path} is not a regular file`, {
    hint: `look at it with: ls -ld ${inQuotes(path)} — a link or a device must not stand there`,
  });
}

export function notAFolder(path: string): VaultError {
  return new VaultError('vault_permissions', `${path} is not a folder`, { hint: `ls -ld ${inQuotes(path)}` });
}

export function anotherUsers(path: string): VaultError {
  return new VaultError('vault_permissions', `${path} belongs to another user`, {
    hint: `check who owns it with: ls -ld ${inQuotes(path)}`,
  });
}

export function unreadable(path: string, cause: unknown): VaultError {
  return new VaultError('vault_permissions', `${path} cannot be read`, {
    hint: `ls -l ${inQuotes(path)}`,
    cause,
  });
}

/** @param limit bytes */
export function tooLarge(path: string, limit: number): VaultError {
  return new VaultError('config_invalid', `${path} is larger than the ${limit} bytes it may have`, {
    hint: `look at what is in it: head -c 200 ${inQuotes(path)}`,
  });
}
