import * as fs from 'node:fs';
import { join } from 'node:path';
import { VaultError } from '../domain/errors.js';
import { inQuotes } from '../domain/safe-text.js';
import type { Files } from '../system/contract.js';

/**
 * Rollback marks: a few bytes for each place where a vault is used, kept outside the database. Restoring an older database does not
 * restore them.
 */
export interface RollbackMarks {
  /** Identifies the place: the machine, and the folder of the database. Do not show it. */
  readonly where: readonly string[];
  readonly folder: string;
  /** @throws VaultError `vault_permissions` */
  read(name: string): Uint8Array | null;
  /** Creates or replaces it; synced when it returns. @throws VaultError `vault_not_writable`, `vault_permissions` */
  create(name: string, bytes: Uint8Array): void;
  /**
   * Overwrites an existing mark of the same length without a sync: after a power cut it is the old or the new one.
   *
   * @throws VaultError `vault_not_writable`, `vault_permissions`
   */
  overwrite(name: string, bytes: Uint8Array): void;
  /** Copies of the marks in another folder, so that restoring the first folder does not restore them. */
  readonly second?: SecondMarks | undefined;
  /** When the database file was created; absent where the system does not say. */
  readonly birth?: () => Birth | null;
}

/** Best effort: one that cannot be read or written is ignored. */
export interface SecondMarks {
  readonly folder: string;
  read(name: string): Uint8Array | null;
  write(name: string, bytes: Uint8Array): void;
}

/** When a file was created. A change in place keeps it, and a copy has its own. */
export interface Birth {
  /** Nanoseconds since 1970. */
  readonly at: bigint;
  /** False where it may be the time of the last change. */
  readonly certain: boolean;
}

/** Absent on Windows. */
const O_NOFOLLOW = fs.constants.O_NOFOLLOW ?? 0;
/** Longer than any mark. */
const LIMIT = 256;

/** One file for each place, in a folder of their own. */
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

/** @param home must exist: no home folder is created */
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
