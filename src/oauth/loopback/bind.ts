import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { VaultError } from '../../domain/errors.js';

/** A family that this machine does not have. */
const NO_SUCH_FAMILY: readonly string[] = ['EADDRNOTAVAIL', 'EAFNOSUPPORT', 'EINVAL'];
/** How often another port is tried when the system's choice is free in one family and taken in the other. */
const ATTEMPTS = 10;

/**
 * Binds one port on 127.0.0.1, and for `localhost` on ::1 as well, because a browser may try either (RFC 8252 §7.3).
 * A family the machine does not have is left out. Nothing but loopback is ever bound (§8.3).
 *
 * @param port 0: the system chooses
 * @param createServer makes one more server with the same handlers
 * @throws VaultError `port_unavailable`
 */
export async function bind(
  host: '127.0.0.1' | 'localhost',
  port: number,
  createServer: () => Server,
): Promise<{ readonly servers: readonly Server[]; readonly port: number }> {
  for (let attempt = 1; ; attempt += 1) {
    const servers: Server[] = [];
    try {
      let bound = port;
      for (const address of host === 'localhost' ? ['127.0.0.1', '::1'] : ['127.0.0.1']) {
        const server = createServer();
        if (!(await isListening(server, address, bound, host === 'localhost'))) continue;
        servers.push(server);
        bound = (server.address() as AddressInfo).port;
      }
      if (servers.length > 0) return { servers, port: bound };
      throw unavailable(port, 'this machine has no loopback address');
    } catch (failure) {
      for (const server of servers) server.close();
      const taken = codeOf(failure) === 'EADDRINUSE';
      if (taken && port === 0 && attempt < ATTEMPTS) continue;
      if (failure instanceof VaultError) throw failure;
      throw unavailable(port, taken ? 'another program listens on it' : 'the system does not allow it');
    }
  }
}

/** @returns false when the address family is missing and may be */
function isListening(server: Server, address: string, port: number, mayBeMissing: boolean): Promise<boolean> {
  return new Promise((resolve, reject) => {
    server.on('error', (failure) => {
      if (mayBeMissing && NO_SUCH_FAMILY.includes(codeOf(failure))) resolve(false);
      else reject(failure);
    });
    // Exclusive: in a cluster a worker would otherwise share the port with others.
    server.listen({ host: address, port, exclusive: true }, () => resolve(true));
  });
}

function codeOf(failure: unknown): string {
  const code = failure instanceof Error ? (failure as NodeJS.ErrnoException).code : undefined;
  return code ?? '';
}

function unavailable(port: number, why: string): VaultError {
  const what = port === 0 ? 'no loopback port can be listened on' : `port ${port} cannot be listened on`;
  const hint =
    port === 0
      ? 'run the login with --paste, which needs no port'
      : 'free the port, or choose another one with --port, which must be registered with the provider as well';
  return new VaultError('port_unavailable', `${what}, because ${why}`, { hint });
}
