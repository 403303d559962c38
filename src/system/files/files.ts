import * as fs from 'node:fs';
import { dirname, join } from 'node:path';
import { codeOf, VaultError } from '../../domain/errors.js';
import { inQuotes } from '../../domain/safe-text.js';
import type { Files, Host } from '../contract.js';
import { anotherUsers, notAFile, notAFolder, notWritable, tooLarge, unreadable } from './file-failure.js';
import { createNew, remove, rotateLocked, syncFolder } from './new-file.js';
import { dropTempName, leftoverTemps, linkOrRename, tempName } from './temp-files.js';
import { createTrustedPathCheck, lstatOrNull } from './trusted-path.js';

const { O_APPEND, O_CREAT, O_RDONLY, O_WRONLY } = fs.constants;
/** Absent on Windows. */
const O_NOFOLLOW = fs.constants.O_NOFOLLOW ?? 0;

/** @param notice called when a mode that was too wide has been tightened */
export function createFiles(host: Pick<Host, 'uid' | 'pid'>, notice: (line: string) => void): Files {
  const checks = createChecks(host.uid, notice);
  const assertTrustedPath = createTrustedPathCheck(host.uid);
  let serial = 0;

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

  /** Writes and syncs a temporary file beside `path`. */
  function writeBeside(path: string, content: Uint8Array): string {
    serial += 1;
    const beside = tempName(path, host.pid, serial);
    remove(beside);
    if (!createNew(beside, content)) throw notWritable(beside, null);
    return beside;
  }

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
      if (lstatOrNull(path) !== null) return false;
      if (content.length > 0) return files.publish(writeBeside(path, content), path);
      if (!createNew(path, content)) return false;
      syncFolder(dirname(path));
      return true;
    },
    replace(path, content) {
      files.check(path);
      const beside = writeBeside(path, content);
      try {
        fs.renameSync(beside, path);
      } catch (failure) {
        remove(beside);
        throw notWritable(path, failure);
      }
      syncFolder(dirname(path));
    },
    publish(from, to) {
      let named = false;
      try {
        named = linkOrRename(from, to);
      } finally {
        remove(from);
      }
      if (named) syncFolder(dirname(to));
      return named;
    },
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

  function tighten(path: string, mode: number): void {
    try {
      fs.chmodSync(path, mode);
      notice(`${path} was open to other users; its mode is now ${mode.toString(8)}`);
    } catch (failure) {
      // Another process has removed it since, as SQLite does with its journal.
      if (codeOf(failure) === 'ENOENT') return;
      throw new VaultError(
        'vault_permissions',
        `${path} is open to other users, and its mode could not be changed`,
        {
          hint: `chmod ${mode.toString(8)} ${inQuotes(path)}`,
          cause: failure,
        },
      );
    }
  }

  return {
    file(path, stats) {
      if (!stats.isFile()) throw notAFile(path);
      refuseForeign(path, stats);
      if (stats.nlink > 1 && !dropTempName(path, stats)) {
        throw new VaultError('vault_permissions', `${path} has a second name (a hard link)`, {
          hint: `find the other name: find / -samefile ${inQuotes(path)} 2>/dev/null`,
        });
      }
      if (uid !== undefined && (stats.mode & OTHERS) !== 0) tighten(path, PRIVATE_FILE);
    },
    folder(path, stats) {
      if (!stats.isDirectory()) throw notAFolder(path);
      refuseForeign(path, stats);
      if (uid === undefined || (stats.mode & OTHERS) === 0) return;
      if ((stats.mode & STICKY) !== 0) {
        throw new VaultError(
          'vault_permissions',
          `${path} is shared by all users, and a vault needs a folder of its own`,
          {
            hint: `name one inside it, for example: export VAULT_HOME=${inQuotes(join(path, 'token-vault'))}`,
          },
        );
      }
      tighten(path, PRIVATE_FOLDER);
    },
  };
}
