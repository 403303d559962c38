import { chmodSync, unlinkSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { dirname } from 'node:path';
import { SECOND } from '../../domain/duration.js';
import { codeOf, VaultError } from '../../domain/errors.js';
import type { Files } from '../contract.js';
import { lstatOrNull, notWritable } from '../files/file-failure.js';
import { PRIVATE_FILE } from '../files/files.js';
import { CLIENT_HEADER } from './agent-client.js';
import { isOwnSocket, noSocketThere } from './agent-socket.js';

/** More than any path and query of ours needs. */
const LARGEST_HEAD = 16 * 1024;
/** A request is a few lines from a process on the same machine. */
const SLOWEST_REQUEST = 10 * SECOND;
const KEPT_ALIVE = 5 * SECOND;
/** A token is nothing to keep, whatever stands between. */
const NOT_TO_KEEP = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };
const MOST_CONNECTIONS = 512;

export interface ServedRequest {
  readonly method: string;
  readonly target: string;
  /** Of each Host header. */
  readonly hosts: readonly string[];
  readonly fromBrowser: boolean;
  /** What the client says of itself; null when it says nothing. */
  readonly client: string | null;
}

export interface ServedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface SocketServer {
  /** Requests being answered. */
  readonly waiting: number;
  /** Where it listens, or did last. */
  readonly path: string;
  /**
   * Makes the socket anew, in another place if need be, when somebody has cleared it away or opened it to others; no client of
   * ours takes it then.
   *
   * @throws VaultError as {@link serveOnSocket}; the next call tries again
   */
  ensureSocket(): Promise<void>;
  /** Takes no more requests, removes the socket and resolves when those under way are answered. */
  stop(): Promise<void>;
  /** Ends those under way as well. */
  cut(): void;
}

/**
 * Answers HTTP on a private Unix socket: mode 0600 in a folder of mode 0700, both ours. That is all that keeps others out:
 * Node does not tell who is at the other end (SO_PEERCRED, unix(7)). A socket that an agent left behind which was killed is
 * replaced, so the caller holds the lock that makes it the only agent.
 *
 * @param places paths, of which the first that a socket can be made at is taken; asked again when the socket is gone
 * @param answer never rejects
 * @throws VaultError `vault_permissions`, `vault_not_writable` for the folder; `config_invalid` when no socket can be there
 */
export async function serveOnSocket(
  places: () => readonly string[],
  files: Files,
  answer: (request: ServedRequest) => Promise<ServedAnswer>,
): Promise<SocketServer> {
  const waiting = new Set<Promise<void>>();
  let stopping = false;

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // A body has no meaning here; unread it would hold the connection.
    request.resume();
    const { status, headers, body } = await answer({
      method: request.method ?? '',
      target: request.url ?? '',
      hosts: request.headersDistinct['host'] ?? [],
      fromBrowser: isFromBrowser(request.headers),
      client: request.headersDistinct[CLIENT_HEADER]?.[0] ?? null,
    });
    if (stopping) response.shouldKeepAlive = false;
    const length = String(Buffer.byteLength(body));
    response.writeHead(status, { ...NOT_TO_KEEP, ...headers, 'content-length': length }).end(body);
  }

  const limits = {
    maxHeaderSize: LARGEST_HEAD,
    headersTimeout: SLOWEST_REQUEST,
    requestTimeout: SLOWEST_REQUEST,
    connectionsCheckingInterval: SECOND,
    keepAliveTimeout: KEPT_ALIVE,
  };
  const server = createServer(limits, (request, response) => {
    // A client that goes away is no failure, and stops nothing.
    response.on('error', () => undefined);
    const served = respond(request, response).finally(() => waiting.delete(served));
    waiting.add(served);
  });
  server.maxConnections = MOST_CONNECTIONS;
  // One that could not be taken, for want of descriptors, is no reason to end.
  server.on('error', () => undefined);

  async function listen(): Promise<string> {
    const failures: unknown[] = [];
    for (const path of places()) {
      try {
        await listenAt(path);
        return path;
      } catch (failure) {
        failures.push(failure);
      }
    }
    throw failures[0];
  }

  async function listenAt(path: string): Promise<void> {
    files.ensureFolder(dirname(path));
    removeLeftover(path);
    let failed = (_: unknown) => {};
    await new Promise<void>((resolve, reject) => {
      failed = reject;
      server.once('error', failed);
      server.listen(path, resolve);
    })
      .catch((failure: unknown) => {
        throw noSocket(path, failure);
      })
      .finally(() => server.off('error', failed));
    chmodSync(path, PRIVATE_FILE);
  }

  const close = () => new Promise<void>((resolve) => server.close(() => resolve()));

  let path = await listen();
  let made = lstatOrNull(path);
  return {
    get waiting() {
      return waiting.size;
    },
    get path() {
      return path;
    },
    async ensureSocket() {
      if (made !== null && isOwnSocket(path, made.uid) && lstatOrNull(path)?.ino === made.ino) return;
      const closed = close();
      path = await listen();
      made = lstatOrNull(path);
      void closed;
    },
    async stop() {
      stopping = true;
      const closed = close();
      await Promise.allSettled(waiting);
      server.closeIdleConnections();
      await closed;
    },
    cut: () => server.closeAllConnections(),
  };
}

/** What browsers send and programs for a socket do not. Sec-Fetch-Mode is not among them: Node's own `fetch` sends it alone. */
const BROWSERS_OWN = [
  'origin',
  'referer',
  'cookie',
  'sec-fetch-site',
  'sec-fetch-dest',
  'sec-fetch-user',
  'upgrade-insecure-requests',
];

/** PowerShell's `Invoke-RestMethod` and `Invoke-WebRequest`, which take `-UnixSocket`, name themselves in the same way. */
const BROWSERS_NAME = /^Mozilla\/(?!.* PowerShell\/\d)/;

/**
 * Whether a browser sends it: one could be led here through a port that somebody forwards to the socket. An old browser that
 * follows a link sends neither Origin nor Sec-Fetch-Site, but asks for a page, and for languages.
 */
function isFromBrowser(headers: IncomingHttpHeaders): boolean {
  if (BROWSERS_OWN.some((name) => name in headers)) return true;
  return /text\/html/i.test(headers.accept ?? '') || BROWSERS_NAME.test(headers['user-agent'] ?? '');
}

function removeLeftover(path: string): void {
  const found = lstatOrNull(path);
  if (found === null) return;
  if (!found.isSocket()) {
    throw noSocketThere(path);
  }
  try {
    unlinkSync(path);
  } catch (failure) {
    throw notWritable(path, failure);
  }
}

function noSocket(path: string, failure: unknown): VaultError {
  const why = codeOf(failure) === 'EADDRINUSE' ? 'something else stands there' : 'this file system has none';
  return new VaultError('config_invalid', `no Unix socket can be made at ${path}: ${why}`, {
    hint: 'keep the vault on a local disk: export VAULT_HOME=/path/on/a/local/disk',
    cause: failure,
  });
}
