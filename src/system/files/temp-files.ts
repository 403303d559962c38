import * as fs from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { codeOf, orElse } from '../../domain/errors.js';
import { notWritable } from './file-failure.js';
import { lstatOrNull } from './trusted-path.js';

/*
 * A file is written under a temporary name beside its own, and renamed when complete. A killed process leaves the
 * temporary file.
 */
const TEMP_SUFFIX = '.new';
/** Errors of `link` without hard links: FAT, some network file systems, Android. */
const NO_LINKS = ['ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EPERM', 'EACCES'];
const LEFTOVER_TEMP = /^\.\d+-\d+\.new$/;

/** @param serial distinguishes the files of one process */
export function tempName(path: string, pid: number, serial: number): string {
  return `${path}.${pid}-${serial}${TEMP_SUFFIX}`;
}

/** The temporary files that interrupted writes of `path` left; empty when the folder cannot be listed. */
export function leftoverTemps(path: string): string[] {
  return beside(path).filter((other) => LEFTOVER_TEMP.test(other.slice(path.length)));
}

/**
 * Links, because a rename would replace an existing file. `from` may remain.
 *
 * @returns false when the name is taken. @throws VaultError `vault_not_writable`
 */
export function linkOrRename(from: string, to: string): boolean {
  try {
    fs.linkSync(from, to);
  } catch (failure) {
    if (codeOf(failure) === 'EEXIST') return false;
    if (!NO_LINKS.includes(codeOf(failure))) throw notWritable(to, failure);
    return rename(from, to);
  }
  return true;
}

function rename(from: string, to: string): boolean {
  if (lstatOrNull(to) !== null) return false;
  try {
    fs.renameSync(from, to);
  } catch (failure) {
    throw notWritable(to, failure);
  }
  return true;
}

/**
 * A process that ended between linking a file and removing its temporary name leaves a complete file with two names; this
 * removes the temporary one.
 *
 * @returns whether the file has one name now
 */
export function dropTempName(path: string, stats: fs.Stats): boolean {
  for (const other of beside(path)) {
    const same = lstatOrNull(other);
    if (same !== null && same.ino === stats.ino && same.dev === stats.dev) fs.rmSync(other, { force: true });
  }
  return lstatOrNull(path)?.nlink === 1;
}

function beside(path: string): string[] {
  const folder = dirname(path);
  const beginning = `${basename(path)}.`;
  return orElse(() => fs.readdirSync(folder), [])
    .filter((name) => name.startsWith(beginning) && name.endsWith(TEMP_SUFFIX))
    .map((name) => join(folder, name));
}
