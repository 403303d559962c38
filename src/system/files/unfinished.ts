import * as fs from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { codeOf, notWritable, statOrNull } from './file-failure.js';

/*
 * A file is written whole under an unfinished name beside its own, which it gets only then. A process that is killed in
 * between leaves the unfinished one behind.
 */
const UNFINISHED = '.new';
/** What `link` answers where there are no hard links: FAT, some network file systems, Android. */
const NO_LINKS = ['ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EPERM', 'EACCES'];
const CUT_OFF = /^\.\d+-\d+\.new$/;

/** @param serial tells several files of one process apart */
export function unfinishedName(path: string, pid: number, serial: number): string {
  return `${path}.${pid}-${serial}${UNFINISHED}`;
}

/** What writes of `path` that were cut off have left beside it; nothing where the folder cannot be listed. */
export function cutOff(path: string): string[] {
  return beside(path).filter((other) => CUT_OFF.test(other.slice(path.length)));
}

/**
 * Renaming would replace what is there; a second name cannot. The unfinished name may be left.
 *
 * @returns false when the name is taken. @throws VaultError `vault_not_writable`
 */
export function giveName(from: string, to: string): boolean {
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
  if (statOrNull(to) !== null) return false;
  try {
    fs.renameSync(from, to);
  } catch (failure) {
    throw notWritable(to, failure);
  }
  return true;
}

/**
 * A process that died (or is just now) between giving a finished file its name and taking away the unfinished one
 * leaves a file with both names. The file is whole, so the other name is taken away here.
 *
 * @returns whether the file has one name now
 */
export function dropUnfinishedName(path: string, stats: fs.Stats): boolean {
  for (const other of beside(path)) {
    const same = statOrNull(other);
    if (same !== null && same.ino === stats.ino && same.dev === stats.dev) fs.rmSync(other, { force: true });
  }
  return statOrNull(path)?.nlink === 1;
}

function beside(path: string): string[] {
  const folder = dirname(path);
  const beginning = `${basename(path)}.`;
  return namesIn(folder)
    .filter((name) => name.startsWith(beginning) && name.endsWith(UNFINISHED))
    .map((name) => join(folder, name));
}

function namesIn(folder: string): string[] {
  try {
    return fs.readdirSync(folder);
  } catch {
    return [];
  }
}
