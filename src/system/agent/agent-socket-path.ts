import { createHash } from 'node:crypto';
import { lstatSync, type Stats } from 'node:fs';
import { dirname, join } from 'node:path';
import { orElse, VaultError } from '../../domain/errors.js';
import { command } from '../../domain/hints.js';
import { inQuotes } from '../../domain/safe-text.js';
import type { Files, Host, Paths } from '../contract.js';
import { anotherUsers, notAFolder } from '../files/file-failure.js';

/*
 * Where the agent of a vault listens. The place follows from the vault's folder, so that every job finds it: a cron job has no
 * XDG_RUNTIME_DIR, and TMPDIR differs between a service and a terminal.
 */

/** The longest path of a Unix socket, in bytes: `sun_path` of unix(7), and of macOS, less the final NUL. */
const MAX_PATH = { linux: 107, others: 103 };
const OTHERS = 0o077;

/**
 * The paths where an agent may listen, in order of preference: in the vault's data folder. If that path is too long for a socket:
 * in the user's runtime directory (XDG Base Directory Specification; pam_systemd(8)), or without one in a folder of the user in
 * `/tmp`, which is the only one that another user could make first.
 *
 * @returns at least one path
 * @throws VaultError `config_invalid` on Windows
 */
export function agentSocketPaths(
  { data }: Pick<Paths, 'data'>,
  { platform, uid, env }: Pick<Host, 'platform' | 'uid' | 'env'>,
): readonly string[] {
  if (platform === 'win32' || uid === undefined) {
    throw new VaultError('config_invalid', 'the agent needs Unix sockets, which Windows does not have', {
      hint: `have the Task Scheduler run: ${command('refresh --all')}`,
    });
  }
  const fits = (path: string) =>
    Buffer.byteLength(path) <= (platform === 'linux' ? MAX_PATH.linux : MAX_PATH.others);
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
 * Whether there is a socket that only this user can have made, in a folder that only this user can change. Another user's
 * program in its place would return tokens of its choice.
 */
export function isOwnSocket(path: string, uid: number | undefined): boolean {
  const socket = lstatOrNull(path);
  if (socket === null || !socket.isSocket() || !isPrivate(socket, uid)) return false;
  return isPrivateFolder(dirname(path), uid);
}

/**
 * For a path that is given to curl, which connects without any check. A path where nothing is yet passes.
 *
 * @throws VaultError `vault_permissions`
 */
export function assertPrivateSocket(path: string, uid: number | undefined): void {
  const folder = dirname(path);
  const [around, socket] = [lstatOrNull(folder), lstatOrNull(path)];
  if (around === null) return;
  if (!around.isDirectory()) throw notAFolder(folder);
  if (around.uid !== uid) throw foreignFolder(folder, around.uid);
  if (!isPrivate(around, uid)) throw open(folder, '700');
  if (socket === null) return;
  if (!socket.isSocket()) throw notASocket(path);
  if (socket.uid !== uid) throw anotherUsers(path);
  if (!isPrivate(socket, uid)) throw open(path, '600');
}

/**
 * The same. In `/tmp` it also makes the folder, so that no other user can make it before the path is used.
 *
 * @throws VaultError `vault_permissions`, `vault_not_writable`
 */
export function claimSocketPath(path: string, uid: number | undefined, files: Files): void {
  assertPrivateSocket(path, uid);
  const folder = dirname(path);
  if (uid !== undefined && folder === tmpFolder(uid)) files.ensureFolder(folder);
}

/**
 * Makes the folder in `/tmp`, if the agent of this vault would listen there, before another user does.
 *
 * @param notice called when another user has made it
 */
export function reserveSocketFolder(
  paths: Pick<Paths, 'data'>,
  host: Pick<Host, 'platform' | 'uid' | 'env'>,
  files: Files,
  notice: (line: string, hint?: string) => void,
): void {
  if (host.platform === 'win32') return;
  try {
    for (const path of agentSocketPaths(paths, host).slice(0, 1)) claimSocketPath(path, host.uid, files);
  } catch (failure) {
    if (!(failure instanceof VaultError)) throw failure;
    notice(`an agent for this vault could not listen: ${failure.message}`, failure.hint);
  }
}

function foreignFolder(folder: string, owner: number): VaultError {
  return new VaultError(
    'vault_permissions',
    `${folder} belongs to another user (id ${owner}), who could answer in place of the agent`,
    {
      hint: `remove it: sudo rm -r ${inQuotes(folder)}\nor keep the vault under a shorter path: the socket is then in the vault's own folder`,
    },
  );
}

export function notASocket(path: string): VaultError {
  return new VaultError(
    'vault_permissions',
    `${path} is not a socket, and the agent needs this path for its own`,
    {
      hint: `see what it is, then remove it: ls -ld ${inQuotes(path)}`,
    },
  );
}

function open(path: string, mode: string): VaultError {
  const hint = `chmod ${mode} ${inQuotes(path)}`;
  return new VaultError('vault_permissions', `${path} is open to other users`, { hint });
}

function isPrivateFolder(path: string, uid: number | undefined): boolean {
  const folder = lstatOrNull(path);
  return folder?.isDirectory() === true && isPrivate(folder, uid);
}

function isPrivate(stats: Stats, uid: number | undefined): boolean {
  return stats.uid === uid && (stats.mode & OTHERS) === 0;
}

/** Reads a link itself, not its target. Null also for a path that this user may not read. */
function lstatOrNull(path: string): Stats | null {
  return orElse(() => lstatSync(path), null);
}
