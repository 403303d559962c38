import * as fs from 'node:fs';
import { dirname, join } from 'node:path';
import { orElse } from '../../domain/errors.js';
import type { OthersFiles } from '../contract.js';
import { anotherUsers, notAFile, notWritable, tooLarge, unreadable } from './file-failure.js';
import { createNew, remove, syncFolder } from './new-file.js';
import { lstatOrNull } from './trusted-path.js';

const LIMIT = 4 * 1024 * 1024;
const MODE_BITS = 0o7777;
/** A folder that another program would make itself. */
const FOLDER = 0o755;

/** @param uid undefined on Windows */
export function othersFiles(uid: number | undefined, pid: number): OthersFiles {
  /** The file itself, where a link points to it; null when there is none. */
  function found(path: string): { readonly real: string; readonly stats: fs.Stats } | null {
    if (lstatOrNull(path) === null) return null;
    const real = orElse(() => fs.realpathSync(path), null);
    if (real === null) throw unreadable(path, null);
    const stats = fs.statSync(real);
    if (!stats.isFile()) throw notAFile(real);
    if (stats.size > LIMIT) throw tooLarge(real, LIMIT);
    return { real, stats };
  }

  return {
    read(path) {
      const file = found(path);
      if (file === null) return null;
      try {
        return fs.readFileSync(file.real);
      } catch (failure) {
        throw unreadable(file.real, failure);
      }
    },
    names: (folder) => orElse(() => fs.readdirSync(folder).sort(), []),
    write(path, content, mode) {
      const file = found(path);
      // Replaced by a file of this user, it could become unreadable to its owner.
      if (file !== null && uid !== undefined && file.stats.uid !== uid) throw anotherUsers(file.real);
      const real = file?.real ?? path;
      const beside = join(dirname(real), `.vault-connect-${pid}`);
      try {
        fs.mkdirSync(dirname(real), { recursive: true, mode: FOLDER });
        remove(beside);
        createNew(beside, content);
        fs.chmodSync(beside, file === null ? mode : file.stats.mode & MODE_BITS);
        fs.renameSync(beside, real);
      } catch (failure) {
        fs.rmSync(beside, { force: true });
        throw notWritable(real, failure);
      }
      syncFolder(dirname(real));
    },
    remove,
  };
}
