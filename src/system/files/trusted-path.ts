import * as fs from 'node:fs';
import { join, resolve, sep } from 'node:path';
import { VaultError } from '../../domain/errors.js';
import { command } from '../../domain/hints.js';
import { inQuotes } from '../../domain/safe-text.js';
import { lstatOrNull } from './file-failure.js';

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
  let way: string = sep;
  let rest = partsOf(folder);
  for (let name = rest.shift(); name !== undefined; name = rest.shift()) {
    const part = join(way, name);
    // The last part is checked each time: it may have been removed, and made again by another user.
    if (rest.length > 0 && now < (known.get(part) ?? 0)) {
      way = part;
      continue;
    }
    const stats = lstatOrNull(part);
    if (stats === null) return;
    if (!trusted.includes(stats.uid)) throw foreign(part, stats.uid, uid);
    if (stats.isSymbolicLink()) {
      links += 1;
      if (links > MOST_LINKS) throw unsafe(part, 'is one of too many links', `ls -ld ${inQuotes(part)}`);
      rest = [...partsOf(resolve(way, targetOf(part))), ...rest];
      way = sep;
      continue;
    }
    if (!stats.isDirectory()) return;
    if ((stats.mode & WRITABLE_BY_OTHERS) !== 0 && (stats.mode & STICKY) === 0)
      throw shared(part, stats.uid, uid);
    known.set(part, now + FRESH);
    way = part;
  }
}

function partsOf(path: string): string[] {
  return resolve(path).split(sep).filter(Boolean);
}

function targetOf(link: string): string {
  try {
    return fs.readlinkSync(link);
  } catch (failure) {
    throw unsafe(link, 'changed during the check', `ls -ld ${inQuotes(link)}`, failure);
  }
}

function shared(part: string, owner: number, uid: number): VaultError {
  const what = 'can be written by other users, who could replace what is below it';
  const mine = `chmod go-w ${inQuotes(part)}`;
  return unsafe(part, what, owner === uid ? mine : `let its owner run: ${mine}`);
}

function foreign(part: string, owner: number, uid: number): VaultError {
  if (uid !== ROOT) {
    return unsafe(
      part,
      'belongs to another user, who could replace what is below it',
      `ls -ld ${inQuotes(part)}`,
    );
  }
  return unsafe(
    part,
    'belongs to another user, and this runs as root: its owner could not use the files it makes there',
    `run it as that user, without sudo or with: sudo -u '#${owner}' -H ${command('list')}`,
  );
}

function unsafe(part: string, what: string, hint: string, cause?: unknown): VaultError {
  return new VaultError('vault_permissions', `${part} ${what}`, { hint, cause });
}
