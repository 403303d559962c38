import { lstatSync } from 'node:fs';
import { posix } from 'node:path';
import type { Host } from '../contract.js';

/** Where the user's session bus is. */
export interface SessionBus {
  /** As in `DBUS_SESSION_BUS_ADDRESS`. */
  readonly address: string;
  /** The Unix socket of the address, abstract with a leading zero byte; null where it is reached in another way. */
  readonly socket: string | null;
}

type Surroundings = Pick<Host, 'env' | 'uid'>;

/**
 * Finds the bus where a shell of the user would: in `DBUS_SESSION_BUS_ADDRESS`, else at `bus` in the folder that the
 * login manager makes for each user, where cron, timers and `env -i` leave it unnamed (sd_bus_open_user(3) does the
 * same). A socket that is not the user's own is none.
 *
 * @returns null where there is none
 */
export function findSessionBus({ env, uid }: Surroundings): SessionBus | null {
  const given = env['DBUS_SESSION_BUS_ADDRESS'];
  if (given !== undefined && given !== '') return { address: given, socket: socketOf(given) };
  const found = runtimeFolders({ env, uid })
    .map((folder) => posix.join(folder, 'bus'))
    .find((path) => isOwnSocket(path, uid));
  return found === undefined ? null : { address: `unix:path=${escaped(found)}`, socket: found };
}

/** The folders that may hold an unnamed session bus, the likelier first. */
export function runtimeFolders({ env, uid }: Surroundings): string[] {
  const given = env['XDG_RUNTIME_DIR'];
  const usual = uid === undefined ? [] : [`/run/user/${uid}`];
  return given?.startsWith('/') && !usual.includes(given) ? [given, ...usual] : usual;
}

/**
 * The first socket of a list of addresses ("Server Addresses" in the D-Bus specification): `unix:path=/run/user/1/bus,guid=…`.
 * An abstract name is not told from a path by Node unless it begins with a zero byte.
 */
function socketOf(addresses: string): string | null {
  for (const address of addresses.split(';')) {
    if (!address.startsWith('unix:')) continue;
    const pairs = address.slice('unix:'.length).split(',');
    const values = new Map(pairs.map((pair) => [pair.split('=', 1)[0], pair.slice(pair.indexOf('=') + 1)]));
    const path = values.get('path');
    if (path !== undefined) return unescaped(path);
    const abstract = values.get('abstract');
    if (abstract !== undefined) return `\0${unescaped(abstract)}`;
  }
  return null;
}

function unescaped(value: string): string {
  const bytes = value.replace(/%([0-9a-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return bytes === value ? value : Buffer.from(bytes, 'latin1').toString('utf8');
}

/** Bytes that need no escape in an address are few. */
function escaped(path: string): string {
  return [...Buffer.from(path, 'utf8')]
    .map((byte) => {
      const letter = String.fromCharCode(byte);
      return /[-0-9A-Za-z_/.\\*]/.test(letter) ? letter : `%${byte.toString(16).padStart(2, '0')}`;
    })
    .join('');
}

function isOwnSocket(path: string, uid: number | undefined): boolean {
  try {
    const found = lstatSync(path);
    return found.isSocket() && found.uid === uid;
  } catch {
    return false;
  }
}
