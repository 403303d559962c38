import * as fs from 'node:fs';
import { resolve, sep } from 'node:path';
import { codeOf } from '../../domain/errors.js';
import { inQuotes } from '../../domain/safe-text.js';
import { foreignPath, inaccessible, sharedPath, unsafePath } from './file-failure.js';

const WRITABLE_BY_OTHERS = 0o022;
const STICKY = 0o1000;
const ROOT = 0;
/** The kernel's limit for one path (`man 7 path_resolution`). */
const MOST_LINKS = 40;

/**
 * Milliseconds for which a check of a folder counts. Only root and we can make a trusted folder unsafe, so others cannot
 * exploit the delay.
 */
const FRESH = 1_000;

/**
 * Anyone who can write to a folder can replace everything below it. So every part of the path to a private file, and
 * every link in it, has to belong to root or to us, and no folder of it may be writable by others, except with the sticky
 * bit. `sshd` checks the path to its keys alike (`man sshd_config`, StrictModes). The check ends at the first part that
 * does not exist.
 *
 * @param uid undefined on Windows, where each folder's ACL decides
 * @returns takes an absolute path of a folder; throws VaultError `vault_permissions`
 */
export function createTrustedPathCheck(uid: number | undefined): (folder: string) => void {
  if (uid === undefined) return () => undefined;
  // In a user namespace root has another id. The owner of `/` can replace everything anyway.
  const trusted = [uid, ROOT, lstatOrNull(sep)?.uid ?? ROOT];
  /** Until when the check of a folder counts, by its path without links. */
  const known = new Map<string, number>();
  return (folder) => assertTrustedPath(folder, uid, trusted, known);
}

function assertTrustedPath(
  folder: string,
  uid: number,
  trusted: readonly number[],
  known: Map<string, number>,
): void {
  const now = performance.now();
  let links = 0;
  let way = '';
  let rest = partsOf(folder);
  for (let name = rest.shift(); name !== undefined; name = rest.shift()) {
    // path.join would take as long as all the checks: V8 even optimizes it.
    const part = way + sep + name;
    // The last part is checked each time: it may have been removed, and made again by another user.
    if (rest.length > 0 && now < (known.get(part) ?? 0)) {
      way = part;
      continue;
    }
    const stats = lstatOrNull(part);
    if (stats === null) return;
    if (!trusted.includes(stats.uid)) throw foreignPath(part, stats.uid, uid);
    if (stats.isSymbolicLink()) {
      links += 1;
      if (links > MOST_LINKS) throw unsafePath(part, 'is one of too many links', `ls -ld ${inQuotes(part)}`);
      rest = [...partsOf(resolve(way + sep, targetOf(part))), ...rest];
      way = '';
      continue;
    }
    if (!stats.isDirectory()) return;
    if ((stats.mode & WRITABLE_BY_OTHERS) !== 0 && (stats.mode & STICKY) === 0)
      throw sharedPath(part, stats.uid, uid);
    known.set(part, now + FRESH);
    way = part;
  }
}

/**
 * The metadata of a path, of a link itself and not of its target.
 *
 * @returns null when it does not exist
 * @throws VaultError `vault_permissions`
 */
export function lstatOrNull(path: string): fs.Stats | null {
  try {
    return fs.lstatSync(path);
  } catch (failure) {
    if (codeOf(failure) === 'ENOENT' || codeOf(failure) === 'ENOTDIR') return null;
    throw inaccessible(path, failure);
  }
}

function partsOf(path: string): string[] {
  return resolve(path).split(sep).filter(Boolean);
}

function targetOf(link: string): string {
  try {
    return fs.readlinkSync(link);
  } catch (failure) {
    throw unsafePath(link, 'changed during the check', `ls -ld ${inQuotes(link)}`, failure);
  }
}
