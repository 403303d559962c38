import * as fs from 'node:fs';
import { dirname } from 'node:path';
import { orElse, VaultError } from '../../domain/errors.js';
import type { Files } from '../contract.js';
import { anotherUsers, notAFile, notAFolder, tooLarge, unreadable } from './file-failure.js';
import { lstatOrNull } from './trusted-path.js';

const { O_NONBLOCK, O_RDONLY, R_OK, W_OK, X_OK } = fs.constants;
/** Absent on Windows. */
const O_NOFOLLOW = fs.constants.O_NOFOLLOW ?? 0;
const MODE_BITS = 0o7777;

/** The metadata of a path, of a link itself and not of its target. */
export interface PathInfo {
  readonly kind: 'file' | 'folder' | 'link' | 'other';
  /** Permission and sticky bits. */
  readonly mode: number;
  readonly uid: number;
  /** The number of hard links. */
  readonly links: number;
}

/** The free space for users other than root. */
export interface FreeSpace {
  /** The folder asked for, or the nearest existing one above it. */
  readonly folder: string;
  /** Identifies the file system. */
  readonly device: number;
  readonly bytes: number;
  /** Free inodes; null where they are not counted. */
  readonly files: number | null;
}

/** Reads files and metadata, and changes nothing: no mode, no folder, no SQLite lock. */
export interface ReadOnlyFs {
  /** @returns null when it does not exist. @throws VaultError `vault_permissions` */
  info(path: string): PathInfo | null;
  /** Empty when the folder is missing or unreadable. */
  names(folder: string): readonly string[];
  /** The path with every link resolved; null when it leads nowhere. */
  real(path: string): string | null;
  may(access: 'read' | 'write' | 'execute', path: string): boolean;
  /** The free space for a folder, which need not exist; null when the system does not say. */
  freeSpace(folder: string): FreeSpace | null;
  /**
   * Never for a database: closing it would drop the locks of this process.
   *
   * @returns null when there is no such file
   * @throws VaultError `vault_permissions`, `config_invalid` when it has more than `limit` bytes
   */
  read(path: string, limit: number): Buffer | null;
}

const ACCESS = { read: R_OK, write: W_OK, execute: X_OK };

export const readOnlyFs: ReadOnlyFs = {
  info(path) {
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
  freeSpace: (folder) => orElse(() => freeSpaceAt(folder), null),
  read(path, limit) {
    if (lstatOrNull(path) === null) return null;
    let descriptor: number;
    try {
      // Opening a pipe must not block.
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
 * {@link Files} for reading only. They refuse what the ordinary ones refuse, but leave a mode that is too wide as it is, so
 * that it can be reported.
 *
 * @param uid undefined on Windows
 */
export function readOnlyFiles(uid: number | undefined): Files {
  function refuseForeign(path: string, seen: PathInfo): void {
    if (uid !== undefined && seen.uid !== uid) throw anotherUsers(path);
  }

  const check = (path: string): boolean => {
    const seen = readOnlyFs.info(path);
    if (seen === null) return false;
    if (seen.kind !== 'file') throw notAFile(path);
    refuseForeign(path, seen);
    return true;
  };
  const checkFolder = (path: string): boolean => {
    const seen = readOnlyFs.info(path);
    if (seen === null) return false;
    if (seen.kind !== 'folder') throw notAFolder(path);
    refuseForeign(path, seen);
    return true;
  };
  const never = (): never => {
    throw new VaultError('unexpected', 'cannot write: files are open read-only here');
  };
  return {
    exists: (path) => readOnlyFs.info(path) !== null,
    check,
    checkFolder,
    read: (path, limit) => (check(path) ? readOnlyFs.read(path, limit) : null),
    ensureFolder: never,
    create: never,
    createUnsynced: never,
    replace: never,
    publish: never,
    append: never,
    remove: never,
    removeLeftoverTemps: never,
  };
}

function freeSpaceAt(folder: string): FreeSpace | null {
  const parent = dirname(folder);
  if (parent !== folder && !fs.existsSync(folder)) return freeSpaceAt(parent);
  const { blocks, bavail, bsize, files, ffree } = fs.statfsSync(folder);
  // Some virtual file systems report no size at all.
  if (blocks === 0) return null;
  const { dev: device } = fs.statSync(folder);
  return { folder, device, bytes: bavail * bsize, files: files > 0 ? ffree : null };
}

function kindOf(stats: fs.Stats): PathInfo['kind'] {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'folder';
  return stats.isSymbolicLink() ? 'link' : 'other';
}

/**
 * Identifies a file by metadata. The birth time is part of it, because the inode number of a removed file is soon used
 * again.
 *
 * @returns null when it is missing or unreadable
 */
export function fileIdentity(path: string): string | null {
  const stats = exactStats(path);
  return stats === undefined ? null : `${stats.dev}:${stats.ino}:${stats.birthtimeNs}`;
}

/**
 * When a file was made, in nanoseconds since 1970. `certain` is false when it may be the time of the last change, which
 * Node returns on systems without birth times.
 *
 * @returns null when it is missing, or its file system keeps no such time (NFS, many mounted folders)
 */
export function fileBirth(path: string): { readonly at: bigint; readonly certain: boolean } | null {
  const stats = exactStats(path);
  if (stats === undefined || stats.birthtimeNs <= 0n) return null;
  return { at: stats.birthtimeNs, certain: stats.birthtimeNs !== stats.ctimeNs };
}

function exactStats(path: string): fs.BigIntStats | undefined {
  return orElse(() => fs.lstatSync(path, { throwIfNoEntry: false, bigint: true }), undefined);
}
