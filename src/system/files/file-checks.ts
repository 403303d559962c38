import * as fs from 'node:fs';
import { join } from 'node:path';
import { VaultError } from '../../domain/errors.js';
import { inQuotes } from '../../domain/safe-text.js';
import { anotherUsers, codeOf, notAFile, notAFolder } from './file-failure.js';
import { dropUnfinishedName } from './unfinished.js';

export const PRIVATE_FILE = 0o600;
export const PRIVATE_FOLDER = 0o700;
const OTHERS = 0o077;
const STICKY = 0o1000;

/** Judges what stands at a path by its metadata alone; a mode that is too wide is tightened. */
export interface FileChecks {
  /** Regular, ours, with one name, closed to others. @throws VaultError `vault_permissions` */
  file(path: string, stats: fs.Stats): void;
  /** A folder, ours, not shared, closed to others. @throws VaultError `vault_permissions` */
  folder(path: string, stats: fs.Stats): void;
}

/**
 * @param uid undefined on Windows, where owner and mode are the business of the folder's ACL
 * @param notice told when a mode that was too wide has been tightened
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
      // Another process has taken it away since it was looked at, as SQLite does with its journal.
      if (codeOf(failure) === 'ENOENT') return;
      throw new VaultError(
        'vault_permissions',
        `${path} is open to other users, and that could not be changed`,
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
      if (stats.nlink > 1 && !dropUnfinishedName(path, stats)) {
        throw new VaultError('vault_permissions', `${path} has a second name (a hard link)`, {
          hint: `find the other name with: find / -samefile ${inQuotes(path)} 2>/dev/null`,
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
