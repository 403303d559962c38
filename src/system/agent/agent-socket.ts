import { createHash } from 'node:crypto';
import { lstatSync, type Stats } from 'node:fs';
import { dirname, join } from 'node:path';
import { VaultError } from '../../domain/errors.js';
import type { Host, Paths } from '../contract.js';

/*
 * Where the agent of a vault listens. Everybody who finds the vault finds the socket: a cron job has no XDG_RUNTIME_DIR,
 * and TMPDIR differs between a service and a terminal.
 */

/** The longest path the kernel takes for a Unix socket, in bytes: `sun_path` of unix(7), and of macOS, less the final NUL. */
const LONGEST = { linux: 107, others: 103 };
const OTHERS = 0o077;

/**
 * In the vault's own data folder; where that lies too deep for a socket, under a name of its own in a folder of the user's in
 * `/tmp`.
 *
 * @throws VaultError `config_invalid` on Windows
 */
export function agentSocketPath(
  { data }: Pick<Paths, 'data'>,
  { platform, uid }: Pick<Host, 'platform' | 'uid'>,
): string {
  if (platform === 'win32' || uid === undefined) {
    throw new VaultError(
      'config_invalid',
      'the agent needs Unix sockets, which Windows does not offer here',
      {
        hint: 'have the Task Scheduler run: vault refresh --all',
      },
    );
  }
  const path = join(data, 'agent', 'agent.sock');
  if (Buffer.byteLength(path) <= (platform === 'linux' ? LONGEST.linux : LONGEST.others)) return path;
  const name = createHash('sha256').update(data).digest('hex').slice(0, 32);
  return join('/tmp', `token-vault-${uid}`, `${name}.sock`);
}

/**
 * Whether a socket stands there that nobody but this user can have made, in a folder that nobody else can change. Whoever
 * could put theirs in its place would hand out tokens of their choice. Not there is the usual case, and costs one look.
 */
export function isOwnSocket(path: string, uid: number | undefined): boolean {
  const socket = look(path);
  if (socket === null || !socket.isSocket() || !isPrivate(socket, uid)) return false;
  const folder = look(dirname(path));
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
