import * as fs from 'node:fs';
import { join } from 'node:path';
import { VaultError } from '../domain/errors.js';
import { inQuotes } from '../domain/safe-text.js';
import type { Files } from '../system/contract.js';
import type { Marks, SecondMarks } from './marks-contract.js';

/** Absent on Windows. */
const O_NOFOLLOW = fs.constants.O_NOFOLLOW ?? 0;
/** Longer than any mark. */
const LIMIT = 256;

/** See {@link Marks}: one file each, with the name of the place, in a folder of their own. */
export function markFolder(folder: string, where: readonly string[], files: Files): Marks {
  const fileOf = (name: string) => join(folder, name);

  return {
    where,
    folder,
    read(name) {
      const path = fileOf(name);
      if (!files.checkFolder(folder) || !files.check(path)) return null;
      const bytes = Buffer.alloc(LIMIT);
      const length = opened(path, fs.constants.O_RDONLY, (file) => fs.readSync(file, bytes, 0, LIMIT, 0));
      return bytes.subarray(0, length);
    },
    create(name, bytes) {
      files.ensureFolder(folder);
      files.replace(fileOf(name), bytes);
    },
    overwrite(name, bytes) {
      opened(fileOf(name), fs.constants.O_WRONLY, (file) => fs.writeSync(file, bytes, 0, bytes.length, 0));
    },
  };
}

/**
 * See {@link SecondMarks}.
 *
 * @param home a folder that has to be there: none is made for a user who has none
 */
export function secondMarks(folder: string, home: string, files: Files): SecondMarks {
  const marks = markFolder(folder, [], files);
  const orNone = <T>(action: () => T): T | null => {
    try {
      return action();
    } catch (failure) {
      if (failure instanceof VaultError) return null;
      throw failure;
    }
  };
  return {
    folder,
    read: (name) => orNone(() => marks.read(name)),
    write(name, bytes) {
      orNone(() => {
        if (marks.read(name) !== null) marks.overwrite(name, bytes);
        else if (files.exists(home)) marks.create(name, bytes);
      });
    },
  };
}

function opened<T>(path: string, how: number, action: (file: number) => T): T {
  let file: number | null = null;
  try {
    file = fs.openSync(path, how | O_NOFOLLOW);
    return action(file);
  } catch (failure) {
    throw new VaultError('vault_not_writable', `${path} cannot be read or written`, {
      hint: `ls -l ${inQuotes(path)}`,
      cause: failure,
    });
  } finally {
    if (file !== null) fs.closeSync(file);
  }
}
