import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { SECOND } from '../../domain/duration.js';
import { VaultError } from '../../domain/errors.js';
import type { ServedAnswer } from '../agent/agent-server.js';
import type { Host } from '../contract.js';
import { descendantHolds } from '../processes/descendants.js';
import { createTcpOwners } from '../tcp.js';

const ADDRESS = '127.0.0.1';
const REQUEST_TIMEOUT = 10 * SECOND;
const MAX_CONNECTIONS = 256;

export interface LoopbackRequest {
  readonly method: string;
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  /** Where this server listens: address and port. */
  readonly host: string;
}

export interface LoopbackServer {
  /** Address and port. */
  readonly host: string;
  close(): Promise<void>;
}

/**
 * Answers HTTP on a port of 127.0.0.1 that the system chooses. On Linux only processes that descend from this one get an
 * answer; elsewhere every process of this machine that finds the port.
 *
 * @param answer never rejects
 * @throws VaultError `port_unavailable`
 */
export async function serveDescendants(
  { pid, platform, uid }: Pick<Host, 'pid' | 'platform' | 'uid'>,
  answer: (request: LoopbackRequest) => Promise<ServedAnswer>,
): Promise<LoopbackServer> {
  const owners = createTcpOwners(uid);
  const allowed = new WeakMap<Socket, Promise<boolean>>();

  async function isDescendant({ remoteAddress, remotePort, localPort }: Socket): Promise<boolean> {
    if (platform !== 'linux') return true;
    const end = { address: remoteAddress ?? '', port: remotePort ?? 0 };
    const inode = await owners.inodeOf(end, { address: ADDRESS, port: localPort ?? 0 });
    return inode !== null && descendantHolds(pid, inode);
  }

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    request.resume();
    const { socket, method = '', url = '', headers } = request;
    const known = allowed.get(socket) ?? isDescendant(socket);
    allowed.set(socket, known);
    const served = (await known) ? await answer({ method, target: url, headers, host }) : REFUSED;
    const length = String(Buffer.byteLength(served.body));
    response
      .writeHead(served.status, { ...served.headers, 'cache-control': 'no-store', 'content-length': length })
      .end(served.body);
  }

  const limits = { headersTimeout: REQUEST_TIMEOUT, requestTimeout: REQUEST_TIMEOUT };
  const server = createServer(limits, (request, response) => {
    // A client that goes away is not a failure.
    response.on('error', () => undefined);
    void respond(request, response);
  });
  server.maxConnections = MAX_CONNECTIONS;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: ADDRESS, port: 0, exclusive: true }, resolve);
  }).catch((cause: unknown) => {
    throw new VaultError('port_unavailable', `no port of ${ADDRESS} can be listened on`, {
      hint: 'see whether this machine has a loopback interface: ip address show lo',
      cause,
    });
  });
  server.on('error', () => undefined);
  const host = `${ADDRESS}:${(server.address() as AddressInfo).port}`;
  return {
    host,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const REFUSED: ServedAnswer = {
  status: 403,
  headers: { 'content-type': 'text/plain' },
  body: 'only programs that this server was started for get an answer\n',
};
