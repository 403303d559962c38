import { type LookupAddress, lookup } from 'node:dns';
import type { LookupFunction, Socket } from 'node:net';
import type { TcpOwners } from '../contract.js';

const ROOT = 0;

/** Error codes. */
export const FOREIGN_LISTENER = 'LISTENER_FOREIGN';
export const UNKNOWN_LISTENER = 'LISTENER_UNKNOWN';

/**
 * Checks the owner of the other end of a loopback connection without TLS, before anything is written to it. Any user can
 * take the port of a stopped server, and without a certificate would receive what is sent.
 *
 * @param origin as a URL has it: `http://127.0.0.1:8080`
 * @throws Error whose `code` is one of the two above, or `ECONNRESET`
 */
export type LoopbackGuard = (socket: Socket, origin: string) => Promise<void>;

export interface LoopbackTrust {
  /** The user whose servers are trusted, besides root's; undefined on Windows. */
  readonly uid: number | undefined;
  readonly owners: TcpOwners;
  /** Whether the configuration allows any user there. */
  readonly allowed: (origin: string) => Promise<boolean>;
}

export function loopbackGuard({ uid, owners, allowed }: LoopbackTrust): LoopbackGuard {
  const isTrusted = (owner: number) => owner === ROOT || owner === uid;

  async function judge(socket: Socket): Promise<typeof FOREIGN_LISTENER | typeof UNKNOWN_LISTENER | null> {
    const { remoteAddress, remotePort, localAddress, localPort } = socket;
    if (remoteAddress === undefined || remotePort === undefined) return UNKNOWN_LISTENER;
    if (localAddress === undefined || localPort === undefined) return UNKNOWN_LISTENER;
    const there = { address: remoteAddress, port: remotePort };
    // Both, because a connection waiting to be accepted has no owner, and an accepted one outlives its listener.
    const [listening, accepted] = await Promise.all([
      owners.ofListeners(there),
      owners.ofConnection(there, { address: localAddress, port: localPort }),
    ]);
    if (listening === null) return UNKNOWN_LISTENER;
    const known = [...listening, ...(typeof accepted === 'number' ? [accepted] : [])];
    if (!known.every(isTrusted)) return FOREIGN_LISTENER;
    return known.length === 0 ? UNKNOWN_LISTENER : null;
  }

  return async (socket, origin) => {
    // Asked first: finding the owners costs milliseconds.
    const fault = (await allowed(origin)) ? null : await judge(socket);
    if (fault !== null) throw Object.assign(new Error(fault), { code: fault });
    if (socket.destroyed) throw Object.assign(new Error('closed'), { code: 'ECONNRESET' });
  };
}

const LOCALHOST: LookupAddress[] = [
  { address: '127.0.0.1', family: 4 },
  { address: '::1', family: 6 },
];

/**
 * `localhost` is this machine whatever a resolver says (RFC 6761 §6.3), 127.0.0.1 first: a program that listens at ::1
 * alone does not get what is meant for a server at 127.0.0.1.
 */
export const lookupLocalhost: LookupFunction = (hostname, options, callback) => {
  if (hostname !== 'localhost') return lookup(hostname, options, callback);
  if (options.all === true) return callback(null, LOCALHOST);
  callback(null, '127.0.0.1', 4);
};
