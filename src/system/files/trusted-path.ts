import * as fs from 'node:fs';
import { join, resolve, sep } from 'node:path';
import { VaultError } from '../../domain/errors.js';
import { inQuotes } from '../../domain/safe-text.js';
import { lstatOrNull } from './file-failure.js';

const WRITABLE_BY_OTHERS = 0o022;
const STICKY = 0o1000;
const ROOT = 0;
/** As the kernel counts links in one path (`man 7 path_resolution`). */
const MOST_LINKS = 40;

/**
 * Milliseconds for which a folder that was found safe is not looked at again. Nobody but root and we can make it unsafe,
 * so this is no gap for others; it bounds how long a process goes on after we did.
 */
const FRESH = 1_000;

/**
 * Whoever may write to a folder can exchange everything below it, whatever its own owner and mode are. So each part of
 * the way to a private file, and each link on it, has to be root's or ours, and no folder of it may be written by
 * anybody else, unless its sticky bit keeps others from what they do not own. `sshd` judges the way to its keys alike
 * (`man sshd_config`, StrictModes). The way ends where nothing is there yet.
 *
 * @param uid undefined on Windows, where that is the business of each folder's ACL
 * @returns takes an absolute path of a folder; throws VaultError `vault_permissions`
 */
export function createTrustedPathCheck(uid: number | undefined): (folder: string) => void {
  if (uid === undefined) return () => undefined;
  // In a user namespace root is somebody else. Whoever owns `/` can exchange everything anyway.
  const trusted = [uid, ROOT, lstatOrNull(sep)?.uid ?? ROOT];
  /** Until when a folder, named without links, needs no other readOnlyFs. */
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
    // The last one is where the file goes: somebody may have taken it away, and left its name to others.
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
    throw unsafe(link, 'changes while it is looked at', `ls -ld ${inQuotes(link)}`, failure);
  }
}

function shared(part: string, owner: number, uid: number): VaultError {
  const what = 'can be written by other users, who could exchange what lies below it';
  const mine = `chmod go-w ${inQuotes(part)}`;
  return unsafe(part, what, owner === uid ? mine : `let its owner run: ${mine}`);
}

function foreign(part: string, owner: number, uid: number): VaultError {
  if (uid !== ROOT) {
    return unsafe(
      part,
      'belongs to another user, who could exchange what lies below it',
      `ls -ld ${inQuotes(part)}`,
    );
  }
  return unsafe(
    part,
    'belongs to another user, and this runs as root: it would leave files there that their owner cannot use',
    `run it as that user, without sudo or with: sudo -u '#${owner}' -H vault list`,
  );
}

function unsafe(part: string, what: string, hint: string, cause?: unknown): VaultError {
  return new VaultError('vault_permissions', `${part} ${what}`, { hint, cause });
}
