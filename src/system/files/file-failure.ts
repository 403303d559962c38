import * as fs from 'node:fs';
import { userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { codeOf, orElse, VaultError } from '../../domain/errors.js';
import { command } from '../../domain/hints.js';
import { inQuotes } from '../../domain/safe-text.js';

/** Why a file cannot be written, and the command that shows or fixes it. */
const WHY: Record<string, readonly [why: string, step: (path: string) => string]> = {
  ENOSPC: ['the disk is full', freeSpace],
  EDQUOT: ['the disk quota is used up', () => 'quota -s'],
  EROFS: ['the file system is read-only', (path) => `df ${inQuotes(dirname(path))}; mount`],
  EACCES: ['permission is denied', permissions],
  EPERM: ['permission is denied', permissions],
  EIO: [
    'the disk reports an error',
    (path) => `check the health of the disk first: df ${inQuotes(dirname(path))}`,
  ],
  ENOENT: ['its folder does not exist', (path) => `mkdir -p ${inQuotes(dirname(path))}`],
  ENOTDIR: ['a part of its path is not a folder', permissions],
  ELOOP: ['a symbolic link is in its place', permissions],
  EISDIR: ['a folder is in its place', permissions],
  ERR_FS_EISDIR: ['a folder is in its place', permissions],
};

/** A `vault_not_writable` with the reason; the system's own error is its cause. */
export function notWritable(path: string, failure: unknown): VaultError {
  const code = codeOf(failure);
  // In /proc, for example, nothing can be made, and the system reports it as missing.
  const isOdd = code === 'ENOENT' && fs.existsSync(dirname(path));
  const [why, step] = (isOdd ? undefined : WHY[code]) ?? [
    `the system refuses${code === '' ? '' : ` (${code})`}`,
    (at) => `${freeSpace(at)}; ${permissions(at)}`,
  ];
  return new VaultError('vault_not_writable', `${path} cannot be written: ${why}`, {
    hint: step(path),
    cause: failure,
  });
}

function freeSpace(path: string): string {
  return `df -h ${inQuotes(dirname(path))}`;
}

/** A temporary file is gone by the time the user looks. */
function permissions(path: string): string {
  const there = new Set([nearestExisting(dirname(path)), nearestExisting(path)]);
  return `ls -ld ${[...there].map(inQuotes).join(' ')}`;
}

/** @param cause why `lstat` failed */
export function inaccessible(path: string, cause: unknown): VaultError {
  if (codeOf(cause) !== 'EACCES') {
    const hint = `ls -ld ${inQuotes(path)}`;
    return new VaultError('vault_permissions', `${path} cannot be accessed`, { hint, cause });
  }
  const folder = nearestExisting(dirname(path));
  const isOurs = fs.lstatSync(folder, { throwIfNoEntry: false })?.uid === userId();
  const message = `${path} cannot be accessed: you have no permission to enter the folder ${folder}`;
  const hint = `${isOurs ? 'chmod 700' : 'ls -ld'} ${inQuotes(folder)}`;
  return new VaultError('vault_permissions', message, { hint, cause });
}

/** The nearest existing and readable part of a path. */
function nearestExisting(path: string): string {
  try {
    fs.lstatSync(path);
    return path;
  } catch {
    return path === dirname(path) ? path : nearestExisting(dirname(path));
  }
}

/** Null for a user without an entry in the user list, as in many containers. */
export function userId(): number | null {
  return orElse(() => userInfo().uid, null);
}

export function notAFile(path: string): VaultError {
  return new VaultError('vault_permissions', `${path} is not a regular file`, {
    hint: `links, pipes and devices are not accepted; see: ls -ld ${inQuotes(path)}`,
  });
}

export function notAFolder(path: string): VaultError {
  return new VaultError('vault_permissions', `${path} is not a folder`, { hint: `ls -ld ${inQuotes(path)}` });
}

export function anotherUsers(path: string): VaultError {
  const owner = orElse(() => fs.lstatSync(path).uid, null);
  const id = owner === null ? '' : ` (id ${owner})`;
  const asOwner =
    owner === null ? '' : `\nor run this as that user: sudo -u '#${owner}' -H ${command('list')}`;
  return new VaultError('vault_permissions', `${path} belongs to another user${id}`, {
    hint: `see who owns it: ls -ld ${inQuotes(path)}${asOwner}`,
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
  return new VaultError('config_invalid', `${path} is larger than the limit of ${limit} bytes`, {
    hint: `see what is in it: head -c 200 ${inQuotes(path)}`,
  });
}

/* Parts of the path to a private file that others could replace. */

/** @param uid of this process */
export function sharedPath(part: string, owner: number, uid: number): VaultError {
  const what = 'is writable by other users, who could replace what is in it';
  const mine = `chmod go-w ${inQuotes(part)}`;
  return unsafePath(part, what, owner === uid ? mine : `let its owner run: ${mine}`);
}

export function foreignPath(part: string, owner: number, uid: number): VaultError {
  if (uid !== 0) {
    return unsafePath(
      part,
      'belongs to another user, who could replace what is in it',
      `ls -ld ${inQuotes(part)}`,
    );
  }
  return unsafePath(
    part,
    'belongs to another user, and this runs as root: its owner could not use the files it makes there',
    `run it as that user, without sudo or with: sudo -u '#${owner}' -H ${command('list')}`,
  );
}

export function unsafePath(part: string, what: string, hint: string, cause?: unknown): VaultError {
  return new VaultError('vault_permissions', `${part} ${what}`, { hint, cause });
}

export function hasSecondName(path: string): VaultError {
  return new VaultError('vault_permissions', `${path} has a second name (a hard link)`, {
    hint: `find the other name: find / -samefile ${inQuotes(path)} 2>/dev/null`,
  });
}

/** The error for a folder such as `/tmp`. */
export function sharedFolder(path: string): VaultError {
  return new VaultError(
    'vault_permissions',
    `${path} is shared by all users, and a vault needs a folder of its own`,
    { hint: `name one inside it, for example: export VAULT_HOME=${inQuotes(join(path, 'token-vault'))}` },
  );
}
