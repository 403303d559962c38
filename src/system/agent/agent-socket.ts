import { createHash } from 'node:crypto';
import { lstatSync, type Stats } from 'node:fs';
import { dirname, join } from 'node:path';
import { VaultError } from '../../domain/errors.js';
import { command } from '../../domain/hints.js';
import { inQuotes } from '../../domain/safe-text.js';
import type { Files, Host, Paths } from '../contract.js';
import { anotherUsers, notAFolder } from '../files/file-failure.js';

/*
 * Where the agent of a vault listens. Everybody who finds the vault finds the socket: a cron job has no XDG_RUNTIME_DIR,
 * and TMPDIR differs between a service and a terminal.
 */

/** The longest path the kernel takes for a Unix socket, in bytes: `sun_path` of unix(7), and of macOS, less the final NUL. */
const LONGEST = { linux: 107, others: 103 };
const OTHERS = 0o077;

/**
 * The places where an agent may listen, the one to prefer first. The vault's own data folder is the only one where a socket
 * can lie there. Where it lies too deep: under a name of its own in the user's runtime directory (XDG Base Directory
 * Specification; pam_systemd(8)), and in a folder of the user's in `/tmp` when there is no runtime directory. The first two
 * are folders that no other user can make in our place.
 *
 * @returns one path at least
 * @throws VaultError `config_invalid` on Windows
 */
export function agentSocketPlaces(
  { data }: Pick<Paths, 'data'>,
  { platform, uid, env }: Pick<Host, 'platform' | 'uid' | 'env'>,
): readonly string[] {
  if (platform === 'win32' || uid === undefined) {
    throw new VaultError(
      'config_invalid',
      'the agent needs Unix sockets, which Windows does not offer here',
      { hint: `have the Task Scheduler run: ${command('refresh --all')}` },
    );
  }
  const fits = (path: string) =>
    Buffer.byteLength(path) <= (platform === 'linux' ? LONGEST.linux : LONGEST.others);
  const path = join(data, 'agent', 'agent.sock');
  if (fits(path)) return [path];
  const name = `${createHash('sha256').update(data).digest('hex').slice(0, 32)}.sock`;
  const runtime = [env['XDG_RUNTIME_DIR'] ?? '', `/run/user/${uid}`]
    .filter((folder) => folder.startsWith('/') && isPrivateFolder(folder, uid))
    .map((folder) => join(folder, 'token-vault', name))
    .filter(fits);
  return [...new Set([...runtime, join(tmpFolder(uid), name)])];
}

function tmpFolder(uid: number): string {
  return join('/tmp', `token-vault-${uid}`);
}

/**
 * Whether a socket is there that nobody but this user can have made, in a folder that nobody else can change. Whoever
 * could put theirs in its place would hand out tokens of their choice. Not there is the usual case, and costs one look.
 */
export function isOwnSocket(path: string, uid: number | undefined): boolean {
  const socket = look(path);
  if (socket === null || !socket.isSocket() || !isPrivate(socket, uid)) return false;
  return isPrivateFolder(dirname(path), uid);
}

/**
 * Refuses the place of a socket where another program than ours could answer: before the path is given to somebody who
 * will connect without a look, as curl does. A place where nothing is yet passes.
 *
 * @throws VaultError `vault_permissions`
 */
export function refuseUnsafeSocket(path: string, uid: number | undefined): void {
  const folder = dirname(path);
  const [around, socket] = [look(folder), look(path)];
  if (around === null) return;
  if (!around.isDirectory()) throw notAFolder(folder);
  if (around.uid !== uid) throw foreignFolder(folder, around.uid);
  if (!isPrivate(around, uid)) throw open(folder, '700');
  if (socket === null) return;
  if (!socket.isSocket()) throw noSocketThere(path);
  if (socket.uid !== uid) throw anotherUsers(path);
  if (!isPrivate(socket, uid)) throw open(path, '600');
}

/**
 * As {@link refuseUnsafeSocket}. In `/tmp` the folder is made as well, so that nobody else can make it between this look and
 * the moment when the path is used.
 *
 * @throws VaultError `vault_permissions`, `vault_not_writable`
 */
export function secureSocketPlace(path: string, uid: number | undefined, files: Files): void {
  refuseUnsafeSocket(path, uid);
  const folder = dirname(path);
  if (uid !== undefined && folder === tmpFolder(uid)) files.ensureFolder(folder);
}

/**
 * Makes the folder in `/tmp` where the agent of this vault would listen there, before another user does.
 *
 * @param notice told when another user has
 */
export function reserveSocketPlace(
  paths: Pick<Paths, 'data'>,
  host: Pick<Host, 'platform' | 'uid' | 'env'>,
  files: Files,
  notice: (line: string, hint?: string) => void,
): void {
  if (host.platform === 'win32') return;
  try {
    for (const path of agentSocketPlaces(paths, host).slice(0, 1)) secureSocketPlace(path, host.uid, files);
  } catch (failure) {
    if (!(failure instanceof VaultError)) throw failure;
    notice(`an agent for this vault could not listen: ${failure.message}`, failure.hint);
  }
}

function foreignFolder(folder: string, owner: number): VaultError {
  return new VaultError(
    'vault_permissions',
    `${folder} belongs to another user (id ${owner}), who could answer in the place of the agent`,
    {
      hint: `have it taken away: sudo rm -r ${inQuotes(folder)}\nor keep the vault under a shorter path, where the socket lies in its own folder`,
    },
  );
}

export function noSocketThere(path: string): VaultError {
  return new VaultError(
    'vault_permissions',
    `${path} is not a socket, and the agent needs this name for its own`,
    {
      hint: `look at it, then take it away: ls -ld ${inQuotes(path)}`,
    },
  );
}

function open(path: string, mode: string): VaultError {
  const hint = `chmod ${mode} ${inQuotes(path)}`;
  return new VaultError('vault_permissions', `${path} is open to other users`, { hint });
}

function isPrivateFolder(path: string, uid: number | undefined): boolean {
  const folder = look(path);
  return folder?.isDirectory() === true && isPrivate(folder, uid);
}

function isPrivate(stats: Stats, uid: number | undefined): boolean {
  return stats.uid === uid && (stats.mode & OTHERS) === 0;
}

/** Of a link itself, not of its target. */
function look(path: string): Stats | null {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) ?? null;
  } catch {
    // What cannot even be looked at is not ours.
    return null;
  }
}
