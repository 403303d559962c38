import * as fs from 'node:fs';
import { userInfo } from 'node:os';
import { dirname } from 'node:path';
import { codeOf, VaultError } from '../../domain/errors.js';
import { inQuotes } from '../../domain/safe-text.js';

/** Why a file cannot be written, in our words, and what a person types to see more of it or to mend it. */
const WHY: Record<string, readonly [why: string, step: (path: string) => string]> = {
  ENOSPC: ['the disk is full', room],
  EDQUOT: ['the disk quota is used up', () => 'quota -s'],
  EROFS: ['the file system is read-only', (path) => `df ${inQuotes(dirname(path))}; mount`],
  EACCES: ['permission is denied', access],
  EPERM: ['permission is denied', access],
  EIO: [
    'the disk reports an error',
    (path) => `look at the health of the disk before anything else; it is: df ${inQuotes(dirname(path))}`,
  ],
  ENOENT: ['its folder is not there', (path) => `mkdir -p ${inQuotes(dirname(path))}`],
  ENOTDIR: ['a part of its path is not a folder', access],
  ELOOP: ['a symbolic link stands in its place', access],
  EISDIR: ['a folder stands in its place', access],
  ERR_FS_EISDIR: ['a folder stands in its place', access],
};

/** A `vault_not_writable` that says why in our words; the system's own message stays its cause. */
export function notWritable(path: string, failure: unknown): VaultError {
  const [why, step] = WHY[codeOf(failure)] ?? ['the system refuses', (at) => `${room(at)}; ${access(at)}`];
  return new VaultError('vault_not_writable', `${path} cannot be written: ${why}`, {
    hint: step(path),
    cause: failure,
  });
}

function room(path: string): string {
  return `df -h ${inQuotes(dirname(path))}`;
}

/** A file that was made beside another one is gone by the time somebody looks. */
function access(path: string): string {
  const there = new Set([standing(dirname(path)), standing(path)]);
  return `ls -ld ${[...there].map(inQuotes).join(' ')}`;
}

/**
 * The metadata of what stands at a path itself, of a link and not of its target.
 *
 * @returns null when nothing is there
 * @throws VaultError `vault_permissions`
 */
export function lstatOrNull(path: string): fs.Stats | null {
  try {
    return fs.lstatSync(path);
  } catch (failure) {
    if (codeOf(failure) === 'ENOENT' || codeOf(failure) === 'ENOTDIR') return null;
    throw notLookedAt(path, failure);
  }
}

function notLookedAt(path: string, cause: unknown): VaultError {
  if (codeOf(cause) !== 'EACCES') {
    const hint = `ls -ld ${inQuotes(path)}`;
    return new VaultError('vault_permissions', `${path} cannot be looked at`, { hint, cause });
  }
  const folder = standing(dirname(path));
  const isOurs = fs.lstatSync(folder, { throwIfNoEntry: false })?.uid === userId();
  const message = `${path} cannot be looked at: the folder ${folder} may not be entered`;
  const hint = `${isOurs ? 'chmod 700' : 'ls -ld'} ${inQuotes(folder)}`;
  return new VaultError('vault_permissions', message, { hint, cause });
}

/** The part of the way to a path that can be looked at itself: all of it, or what keeps us from the rest. */
function standing(path: string): string {
  try {
    fs.lstatSync(path);
    return path;
  } catch {
    return path === dirname(path) ? path : standing(dirname(path));
  }
}

/** Null for a user whom the system's list does not have, as in many containers. */
export function userId(): number | null {
  try {
    return userInfo().uid;
  } catch {
    return null;
  }
}

export function notAFile(path: string): VaultError {
  return new VaultError('vault_permissions', `${path} is not a regular file`, {
    hint: `no link, pipe or device may stand there; look at it with: ls -ld ${inQuotes(path)}`,
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
