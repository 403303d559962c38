import { createHash } from 'node:crypto';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';

/** The date of every file that is packed, in seconds since the epoch; by default the one that npm gives to the files of a package. */
export const EPOCH = Number(process.env['SOURCE_DATE_EPOCH'] ?? '499162500');

/** Writes a file, with the folders to it. */
export function put(path, content, mode = 0o644) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content, { mode });
}

/** @returns {string[]} the paths of all files below a folder, relative to it and sorted */
export function filesOf(folder) {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => !entry.isDirectory());
  return files.map((entry) => relative(folder, join(entry.parentPath, entry.name))).sort();
}

/** Gives everything in a folder the same modes and dates, whoever runs this and when. */
export function settle(folder) {
  for (const path of [
    folder,
    ...readdirSync(folder, { recursive: true }).map((name) => join(folder, name)),
  ]) {
    const found = lstatSync(path);
    if (found.isSymbolicLink()) continue;
    chmodSync(path, (found.mode & 0o100) === 0 ? 0o644 : 0o755);
    utimesSync(path, EPOCH, EPOCH);
  }
}

/** @returns {string} in hex */
export function sha256(path) {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}
