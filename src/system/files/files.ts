import * as fs from 'node:fs';
import { dirname } from 'node:path';
import { codeOf, VaultError } from '../../domain/errors.js';
import type { Files, Host } from '../contract.js';
import {
  anotherUsers,
  hasSecondName,
  notAFile,
  notAFolder,
  notWritable,
  sharedFolder,
  tooLarge,
  unreadable,
} from './file-failure.js';
import {
  createFile,
  createNew,
  publishFile,
  remove,
  replaceFile,
  rotateLocked,
  tighten,
} from './new-file.js';
import { dropTempName, leftoverTemps, tempName } from './temp-files.js';
import { createTrustedPathCheck, lstatOrNull } from './trusted-path.js';

const { O_APPEND, O_CREAT, O_RDONLY, O_WRONLY } = fs.constants;
/** Absent on Windows. */
const O_NOFOLLOW = fs.constants.O_NOFOLLOW ?? 0;

/** @param notice called when a mode that was too wide has been tightened */
export function createFiles(host: Pick<Host, 'uid' | 'pid'>, notice: (line: string) => void): Files {
  const checks = createChecks(host.uid, notice);
  const assertTrustedPath = createTrustedPathCheck(host.uid);

  function makeFolder(path: string): void {
    const parent = dirname(path);
    if (parent !== path && lstatOrNull(parent) === null) makeFolder(parent);
    try {
      fs.mkdirSync(path, PRIVATE_FOLDER);
    } catch (failure) {
      const made = codeOf(failure) === 'EEXIST' ? lstatOrNull(path) : null;
      // The folder was swapped between the two calls; treat it as an attack.
      if (made === null) throw notWritable(path, failure);
      checks.folder(path, made);
    }
  }

  let serial = 0;
  const besideOf = (path: string) => {
    serial += 1;
    return tempName(path, host.pid, serial);
  };

  const files: Files = {
    exists(path) {
      assertTrustedPath(dirname(path));
      return lstatOrNull(path) !== null;
    },
    ensureFolder(path) {
      if (!files.checkFolder(path)) makeFolder(path);
    },
    checkFolder(path) {
      assertTrustedPath(dirname(path));
      const stats = lstatOrNull(path);
      if (stats === null) return false;
      checks.folder(path, stats);
      return true;
    },
    check(path) {
      assertTrustedPath(dirname(path));
      const stats = lstatOrNull(path);
      if (stats === null) return false;
      checks.file(path, stats);
      return true;
    },
    read(path, limit) {
      if (!files.check(path)) return null;
      let descriptor: number;
      try {
        descriptor = fs.openSync(path, O_RDONLY | O_NOFOLLOW);
      } catch (failure) {
        throw unreadable(path, failure);
      }
      try {
        const stats = fs.fstatSync(descriptor);
        checks.file(path, stats);
        if (stats.size > limit) throw tooLarge(path, limit);
        return fs.readFileSync(descriptor);
      } finally {
        fs.closeSync(descriptor);
      }
    },
    create(path, content) {
      assertTrustedPath(dirname(path));
      return createFile(path, content, besideOf(path));
    },
    createUnsynced(path) {
      assertTrustedPath(dirname(path));
      return createNew(path, new Uint8Array(), false);
    },
    replace(path, content) {
      files.check(path);
      replaceFile(path, content, besideOf(path));
    },
    publish: (from, to) => publishFile(from, to),
    append(path, content, limit, keep) {
      assertTrustedPath(dirname(path));
      const stats = lstatOrNull(path);
      if (stats !== null) checks.file(path, stats);
      try {
        if (stats !== null && stats.size + content.length > limit)
          rotateLocked(path, content.length, limit, keep);
        const descriptor = fs.openSync(path, O_CREAT | O_WRONLY | O_APPEND | O_NOFOLLOW, PRIVATE_FILE);
        try {
          // A disk that fills up accepts a part of the line without an error.
          if (fs.writeSync(descriptor, content) < content.length) throw notWritable(path, null);
        } finally {
          fs.closeSync(descriptor);
        }
      } catch (failure) {
        throw failure instanceof VaultError ? failure : notWritable(path, failure);
      }
    },
    remove: (path) => remove(path),
    removeLeftoverTemps(path) {
      assertTrustedPath(dirname(path));
      leftoverTemps(path).forEach(remove);
    },
  };
  return files;
}

export const PRIVATE_FILE = 0o600;
const PRIVATE_FOLDER = 0o700;
const OTHERS = 0o077;
const STICKY = 0o1000;

/** Checks by metadata alone; a mode that is too wide is tightened. */
export interface FileChecks {
  /** Regular, ours, one link, private. @throws VaultError `vault_permissions` */
  file(path: string, stats: fs.Stats): void;
  /** A folder, ours, not shared, private. @throws VaultError `vault_permissions` */
  folder(path: string, stats: fs.Stats): void;
}

/**
 * @param uid undefined on Windows, where the folder's ACL decides
 * @param notice called when a mode that was too wide has been tightened
 */
export function createChecks(uid: number | undefined, notice: (line: string) => void): FileChecks {
  function refuseForeign(path: string, stats: fs.Stats): void {
    if (uid !== undefined && stats.uid !== uid) throw anotherUsers(path);
  }

  return {
    file(path, stats) {
      if (!stats.isFile()) throw notAFile(path);
      refuseForeign(path, stats);
      if (stats.nlink > 1 && !dropTempName(path, stats)) throw hasSecondName(path);
      if (uid !== undefined && (stats.mode & OTHERS) !== 0) tighten(path, PRIVATE_FILE, notice);
    },
    folder(path, stats) {
      if (!stats.isDirectory()) throw notAFolder(path);
      refuseForeign(path, stats);
      if (uid === undefined || (stats.mode & OTHERS) === 0) return;
      if ((stats.mode & STICKY) !== 0) throw sharedFolder(path);
      tighten(path, PRIVATE_FOLDER, notice);
    },
  };
}
