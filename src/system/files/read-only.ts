import * as fs from 'node:fs';
import { lstatSync } from 'node:fs';
import { dirname } from 'node:path';
import { VaultError } from '../../domain/errors.js';
import type { Files } from '../contract.js';
import { anotherUsers, lstatOrNull, notAFile, notAFolder, tooLarge, unreadable } from './file-failure.js';

const { O_NONBLOCK, O_RDONLY, R_OK, W_OK, X_OK } = fs.constants;
/** Absent on Windows. */
const O_NOFOLLOW = fs.constants.O_NOFOLLOW ?? 0;
const MODE_BITS = 0o7777;

/** What stands at a path, itself and not where it may lead. */
export interface Seen {
  readonly kind: 'file' | 'folder' | 'link' | 'other';
  /** Permission bits, the sticky bit included. */
  readonly mode: number;
  readonly uid: number;
  /** How many names it has. */
  readonly links: number;
}

/** What is left on a file system for those who are not root. */
export interface Room {
  /** The folder asked for, or the one above it that is there. */
  readonly folder: string;
  /** The same for all folders of one file system. */
  readonly device: number;
  readonly bytes: number;
  /** How many more files it can hold; null where they are not counted. */
  readonly files: number | null;
}

/** Looks at files without changing any: no mode is tightened, no folder made, no SQLite lock dropped. */
export interface ReadOnlyFs {
  /** @returns null when nothing is there. @throws VaultError `vault_permissions` */
  at(path: string): Seen | null;
  /** The names in a folder; none when it is not there or cannot be read. */
  names(folder: string): readonly string[];
  /** The path with every link on it followed; null when it leads nowhere. */
  real(path: string): string | null;
  may(access: 'read' | 'write' | 'execute', path: string): boolean;
  /** The room where a folder is, or will be made; null when the system does not tell. */
  room(folder: string): Room | null;
  /**
   * Never of a database: closing it would drop the locks its process holds.
   *
   * @returns null when there is no such file
   * @throws VaultError `vault_permissions`, `config_invalid` when it has more than `limit` bytes
   */
  read(path: string, limit: number): Buffer | null;
}

const ACCESS = { read: R_OK, write: W_OK, execute: X_OK };

export const readOnlyFs: ReadOnlyFs = {
  at(path) {
    const stats = lstatOrNull(path);
    if (stats === null) return null;
    return { kind: kindOf(stats), mode: stats.mode & MODE_BITS, uid: stats.uid, links: stats.nlink };
  },
  names: (folder) => orElse(() => fs.readdirSync(folder), []),
  real: (path) => orElse(() => fs.realpathSync(path), null),
  may: (access, path) =>
    orElse(() => {
      fs.accessSync(path, ACCESS[access]);
      return true;
    }, false),
  room: (folder) => orElse(() => roomAt(folder), null),
  read(path, limit) {
    if (lstatOrNull(path) === null) return null;
    let descriptor: number;
    try {
      // A pipe that stands in its place must not keep us waiting.
      descriptor = fs.openSync(path, O_RDONLY | O_NOFOLLOW | (O_NONBLOCK ?? 0));
    } catch (failure) {
      throw unreadable(path, failure);
    }
    try {
      const stats = fs.fstatSync(descriptor);
      if (!stats.isFile()) throw unreadable(path, null);
      if (stats.size > limit) throw tooLarge(path, limit);
      return fs.readFileSync(descriptor);
    } finally {
      fs.closeSync(descriptor);
    }
  },
};

/**
 * {@link Files} that only readOnlyFs: what they refuse to read the ordinary ones refuse too, but a mode that is too wide
 * stays as it is, to be reported.
 *
 * @param uid undefined on Windows
 */
export function readOnlyFiles(uid: number | undefined): Files {
  function refuseForeign(path: string, seen: Seen): void {
    if (uid !== undefined && seen.uid !== uid) throw anotherUsers(path);
  }

  const check = (path: string): boolean => {
    const seen = readOnlyFs.at(path);
    if (seen === null) return false;
    if (seen.kind !== 'file') throw notAFile(path);
    refuseForeign(path, seen);
    return true;
  };
  const checkFolder = (path: string): boolean => {
    const seen = readOnlyFs.at(path);
    if (seen === null) return false;
    if (seen.kind !== 'folder') throw notAFolder(path);
    refuseForeign(path, seen);
    return true;
  };
  const never = (): never => {
    throw new VaultError('unexpected', 'something that only looks was asked to write');
  };
  return {
    exists: (path) => readOnlyFs.at(path) !== null,
    check,
    checkFolder,
    read: (path, limit) => (check(path) ? readOnlyFs.read(path, limit) : null),
    ensureFolder: never,
    create: never,
    replace: never,
    publish: never,
    append: never,
    remove: never,
    removeLeftoverTemps: never,
  };
}

function roomAt(folder: string): Room | null {
  const parent = dirname(folder);
  if (parent !== folder && !fs.existsSync(folder)) return roomAt(parent);
  const { blocks, bavail, bsize, files, ffree } = fs.statfsSync(folder);
  // Some that are no disks say that they hold nothing at all.
  if (blocks === 0) return null;
  const { dev: device } = fs.statSync(folder);
  return { folder, device, bytes: bavail * bsize, files: files > 0 ? ffree : null };
}

function kindOf(stats: fs.Stats): Seen['kind'] {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'folder';
  return stats.isSymbolicLink() ? 'link' : 'other';
}

function orElse<T>(action: () => T, fallback: T): T {
  try {
    return action();
  } catch {
    return fallback;
  }
}

/**
 * Tells a file from another one that has taken its place, by metadata alone. The time of its birth is part of it, since the
 * number of a removed file is soon given to a new one.
 *
 * @returns null when nothing is there, or it cannot be looked at
 */
export function fileIdentity(path: string): string | null {
  try {
    const stats = lstatSync(path, { throwIfNoEntry: false, bigint: true });
    return stats === undefined ? null : `${stats.dev}:${stats.ino}:${stats.birthtimeNs}`;
  } catch {
    return null;
  }
}

/**
 * When a file was made, in nanoseconds since 1970. `certain` is false where it is the time of the last change, which Node gives
 * instead on systems that do not tell; a file that was only just made looks the same.
 *
 * @returns null when nothing is there, or its file system keeps no such time (NFS, many mounts of other machines' folders)
 */
export function fileBirth(path: string): { readonly at: bigint; readonly certain: boolean } | null {
  try {
    const stats = lstatSync(path, { throwIfNoEntry: false, bigint: true });
    if (stats === undefined || stats.birthtimeNs <= 0n) return null;
    return { at: stats.birthtimeNs, certain: stats.birthtimeNs !== stats.ctimeNs };
  } catch {
    return null;
  }
}
