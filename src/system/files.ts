import * as fs from 'node:fs';
import { dirname } from 'node:path';
import { VaultError } from '../domain/errors.js';
import type { Files, Host } from './contract.js';

const { O_APPEND, O_CREAT, O_EXCL, O_RDONLY, O_RDWR, O_WRONLY } = fs.constants;
/** Absent on Windows. */
const O_NOFOLLOW = fs.constants.O_NOFOLLOW ?? 0;
const PRIVATE_FILE = 0o600;
const PRIVATE_FOLDER = 0o700;
const OTHERS = 0o077;

/**
 * See {@link Files}.
 *
 * @param notice told when a mode that was too wide has been tightened
 */
export function createFiles(host: Pick<Host, 'uid' | 'pid'>, notice: (line: string) => void): Files {
  const { uid, pid } = host;
  let serial = 0;

  function refuseForeign(path: string, stats: fs.Stats): void {
    if (uid !== undefined && stats.uid !== uid) {
      throw new VaultError('vault_permissions', `${path} belongs to another user`, {
        hint: `check who owns it with: ls -ld '${path}'`,
      });
    }
  }

  function inspect(path: string, stats: fs.Stats): void {
    if (!stats.isFile()) {
      throw new VaultError('vault_permissions', `${path} is not a regular file`, {
        hint: `look at it with: ls -ld '${path}' — a link or a device must not stand there`,
      });
    }
    refuseForeign(path, stats);
    if (stats.nlink > 1) {
      throw new VaultError('vault_permissions', `${path} has a second name (a hard link)`, {
        hint: `find the other name with: find / -samefile '${path}' 2>/dev/null`,
      });
    }
    if (uid !== undefined && (stats.mode & OTHERS) !== 0) tighten(path, PRIVATE_FILE);
  }

  function tighten(path: string, mode: number): void {
    try {
      fs.chmodSync(path, mode);
      notice(`others could read ${path}; its mode is now ${mode.toString(8)}`);
    } catch (failure) {
      throw new VaultError('vault_permissions', `others may read ${path}, and that could not be changed`, {
        hint: `chmod ${mode.toString(8)} '${path}'`,
        cause: failure,
      });
    }
  }

  function makeFolder(path: string): void {
    const stats = statOrNull(path);
    if (stats === null) {
      const parent = dirname(path);
      if (parent !== path && statOrNull(parent) === null) makeFolder(parent);
      try {
        fs.mkdirSync(path, PRIVATE_FOLDER);
      } catch (failure) {
        if (codeOf(failure) !== 'EEXIST') throw notWritable(path, failure);
      }
      return;
    }
    if (!stats.isDirectory()) {
      throw new VaultError('vault_permissions', `${path} is not a folder`, { hint: `ls -ld '${path}'` });
    }
    refuseForeign(path, stats);
    if (uid !== undefined && (stats.mode & OTHERS) !== 0) tighten(path, PRIVATE_FOLDER);
  }

  const files: Files = {
    exists: (path) => statOrNull(path) !== null,
    ensureFolder: makeFolder,
    check(path) {
      const stats = statOrNull(path);
      if (stats === null) return false;
      inspect(path, stats);
      return true;
    },
    read(path, limit) {
      if (!files.check(path)) return null;
      let descriptor: number;
      try {
        descriptor = fs.openSync(path, O_RDONLY | O_NOFOLLOW);
      } catch (failure) {
        throw new VaultError('vault_permissions', `${path} cannot be read`, {
          hint: `ls -l '${path}'`,
          cause: failure,
        });
      }
      try {
        const stats = fs.fstatSync(descriptor);
        inspect(path, stats);
        if (stats.size > limit) {
          throw new VaultError('config_invalid', `${path} is larger than the ${limit} bytes it may have`);
        }
        return fs.readFileSync(descriptor);
      } finally {
        fs.closeSync(descriptor);
      }
    },
    create(path, content) {
      let descriptor: number;
      try {
        descriptor = fs.openSync(path, O_CREAT | O_EXCL | O_RDWR | O_NOFOLLOW, PRIVATE_FILE);
      } catch (failure) {
        if (codeOf(failure) === 'EEXIST') return false;
        throw notWritable(path, failure);
      }
      try {
        writeAndSync(path, descriptor, content);
      } finally {
        fs.closeSync(descriptor);
      }
      syncFolder(dirname(path));
      return true;
    },
    replace(path, content) {
      files.check(path);
      serial += 1;
      const temporary = `${path}.${pid}-${serial}.new`;
      fs.rmSync(temporary, { force: true });
      if (!files.create(temporary, content)) throw notWritable(temporary, null);
      try {
        fs.renameSync(temporary, path);
      } catch (failure) {
        fs.rmSync(temporary, { force: true });
        throw notWritable(path, failure);
      }
      syncFolder(dirname(path));
    },
    publish(from, to) {
      try {
        fs.linkSync(from, to);
      } catch (failure) {
        if (codeOf(failure) === 'EEXIST') return false;
        throw notWritable(to, failure);
      }
      fs.unlinkSync(from);
      syncFolder(dirname(to));
      return true;
    },
    append(path, content, limit, keep) {
      const stats = statOrNull(path);
      if (stats !== null) inspect(path, stats);
      if (stats !== null && stats.size + content.length > limit) rotate(path, keep);
      let descriptor: number;
      try {
        descriptor = fs.openSync(path, O_CREAT | O_WRONLY | O_APPEND | O_NOFOLLOW, PRIVATE_FILE);
      } catch (failure) {
        throw notWritable(path, failure);
      }
      try {
        fs.writeSync(descriptor, content);
      } catch (failure) {
        throw notWritable(path, failure);
      } finally {
        fs.closeSync(descriptor);
      }
    },
    remove: (path) => fs.rmSync(path, { force: true }),
  };
  return files;
}

function writeAndSync(path: string, descriptor: number, content: Uint8Array): void {
  try {
    fs.writeFileSync(descriptor, content);
    fs.fsyncSync(descriptor);
  } catch (failure) {
    fs.rmSync(path, { force: true });
    throw notWritable(path, failure);
  }
}

function rotate(path: string, keep: number): void {
  for (let index = keep - 1; index >= 1; index -= 1) {
    const from = index === 1 ? path : `${path}.${index - 1}`;
    if (statOrNull(from) !== null) fs.renameSync(from, `${path}.${index}`);
  }
}

/** A new name is durable only once its folder is synced; Windows has no such call and needs none. */
function syncFolder(path: string): void {
  let descriptor: number;
  try {
    descriptor = fs.openSync(path, O_RDONLY);
  } catch {
    return;
  }
  try {
    fs.fsyncSync(descriptor);
  } catch (failure) {
    if (!['EPERM', 'EINVAL', 'EISDIR', 'EACCES'].includes(codeOf(failure))) throw notWritable(path, failure);
  } finally {
    fs.closeSync(descriptor);
  }
}

function statOrNull(path: string): fs.Stats | null {
  try {
    return fs.lstatSync(path);
  } catch (failure) {
    if (codeOf(failure) === 'ENOENT' || codeOf(failure) === 'ENOTDIR') return null;
    throw new VaultError('vault_permissions', `${path} cannot be looked at`, {
      hint: `ls -ld '${path}'`,
      cause: failure,
    });
  }
}

function codeOf(failure: unknown): string {
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
};

function notWritable(path: string, failure: unknown): VaultError {
  const why = WHY[codeOf(failure)] ?? 'the system refuses';
  return new VaultError('vault_not_writable', `${path} cannot be written: ${why}`, {
    hint: `check the space and the permissions there: df '${dirname(path)}'; ls -ld '${dirname(path)}'`,
    cause: failure,
  });
}
