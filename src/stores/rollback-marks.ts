import * as fs from 'node:fs';
import { join } from 'node:path';
import { VaultError } from '../domain/errors.js';
import { inQuotes } from '../domain/safe-text.js';
import type { Files } from '../system/contract.js';

/**
 * A few bytes for each place where a vault is used, kept outside the database: a database that was restored from a copy
 * does not bring them back with it.
 */
export interface RollbackMarks {
  /** What tells this place from every other: the machine, and the folder of the database. Not to be shown. */
  readonly where: readonly string[];
  /** The folder they lie in, to be named to a person. */
  readonly folder: string;
  /** @returns null when there is none. @throws VaultError `vault_permissions` */
  read(name: string): Uint8Array | null;
  /** Makes or replaces it; on disk when it returns. @throws VaultError `vault_not_writable`, `vault_permissions` */
  create(name: string, bytes: Uint8Array): void;
  /**
   * Overwrites one that is there, of the same length, and does not wait for the disk: after a power cut it is the old one or
   * the new one.
   *
   * @throws VaultError `vault_not_writable`, `vault_permissions`
   */
  overwrite(name: string, bytes: Uint8Array): void;
  /** The marks once more, where what is put back together with the first ones does not reach; absent where there is no such place. */
  readonly second?: SecondMarks | undefined;
  /** Tells the database's file from one that has taken its place; left out where nothing tells. */
  readonly birth?: () => Birth | null;
}

/** One that cannot be read or written is none: it adds to the first marks, and nothing waits for it. */
export interface SecondMarks {
  readonly folder: string;
  read(name: string): Uint8Array | null;
  write(name: string, bytes: Uint8Array): void;
}

/** When a file was made. A file that is changed in place keeps it, and a copy has its own. */
export interface Birth {
  /** Nanoseconds since 1970. */
  readonly at: bigint;
  /** False where it may be the time of the last change, which some systems give instead. */
  readonly certain: boolean;
}

/** Absent on Windows. */
const O_NOFOLLOW = fs.constants.O_NOFOLLOW ?? 0;
/** Longer than any mark. */
const LIMIT = 256;

/** See {@link RollbackMarks}: one file each, with the name of the place, in a folder of their own. */
export function rollbackMarks(folder: string, where: readonly string[], files: Files): RollbackMarks {
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
  const marks = rollbackMarks(folder, [], files);
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
