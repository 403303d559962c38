import { type LookupAddress, lookup } from 'node:dns';
import type { LookupFunction, Socket } from 'node:net';
import type { TcpOwners } from '../contract.js';

const ROOT = 0;

/** Codes of the errors below, as the HTTP client names what failed. */
export const FOREIGN_LISTENER = 'LISTENER_FOREIGN';
export const UNKNOWN_LISTENER = 'LISTENER_UNKNOWN';

/**
 * Looks at who is at the other end of a connection to this machine that has no TLS, before anything is written to it. Without
 * a certificate whoever holds the port gets what is sent, and any user can take a port that a stopped server has left.
 *
 * @param origin as a URL has it: `http://127.0.0.1:8080`
 * @throws Error whose `code` is one of the two above, or `ECONNRESET`
 */
export type LoopbackGuard = (socket: Socket, origin: string) => Promise<void>;

export interface LoopbackTrust {
  /** The user whose servers are trusted, besides root's; undefined on Windows. */
  readonly uid: number | undefined;
  readonly owners: TcpOwners;
  /** Whether the user has said that anybody may listen there. Asked only where the answer matters. */
  readonly allowed: (origin: string) => Promise<boolean>;
}

export function loopbackGuard({ uid, owners, allowed }: LoopbackTrust): LoopbackGuard {
  const isTrusted = (owner: number) => owner === ROOT || owner === uid;

  async function judge(socket: Socket): Promise<typeof FOREIGN_LISTENER | typeof UNKNOWN_LISTENER | null> {
    const { remoteAddress, remotePort, localAddress, localPort } = socket;
    if (remoteAddress === undefined || remotePort === undefined) return UNKNOWN_LISTENER;
    if (localAddress === undefined || localPort === undefined) return UNKNOWN_LISTENER;
    const there = { address: remoteAddress, port: remotePort };
    // Both: a connection that waits to be accepted is nobody's, and one that was accepted stays when its listener goes.
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
    const fault = await judge(socket);
    if (fault !== null && !(await allowed(origin))) throw Object.assign(new Error(fault), { code: fault });
    if (socket.destroyed) throw Object.assign(new Error('closed'), { code: 'ECONNRESET' });
  };
}

const LOCALHOST: LookupAddress[] = [
  { address: '127.0.0.1', family: 4 },
  { address: '::1', family: 6 },
];

/**
 * `localhost` is this machine whatever a resolver says (RFC 6761 §6.3), and 127.0.0.1 first: who listens at ::1 alone does not
 * get what is meant for a server at 127.0.0.1.
 */
export const lookupLocalhost: LookupFunction = (hostname, options, callback) => {
  if (hostname !== 'localhost') return lookup(hostname, options, callback);
  if (options.all === true) return callback(null, LOCALHOST);
  callback(null, '127.0.0.1', 4);
};
