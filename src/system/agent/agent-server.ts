import { chmodSync, unlinkSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { dirname } from 'node:path';
import { SECOND } from '../../domain/duration.js';
import { codeOf, VaultError } from '../../domain/errors.js';
import type { Files } from '../contract.js';
import { notWritable } from '../files/file-failure.js';
import { PRIVATE_FILE } from '../files/files.js';
import { lstatOrNull } from '../files/trusted-path.js';
import { CLIENT_HEADER } from './agent-request.js';
import { isOwnSocket, notASocket } from './agent-socket-path.js';

const MAX_HEAD = 16 * 1024;
/** For reading a request, which is a few lines from the same machine. */
const REQUEST_TIMEOUT = 10 * SECOND;
const KEEP_ALIVE = 5 * SECOND;
/** Tokens must not be cached, by a proxy either. */
const NO_STORE = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };
const MAX_CONNECTIONS = 512;

export interface ServedRequest {
  readonly method: string;
  readonly target: string;
  /** The values of all Host headers. */
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
  /** Where it listens, or listened last. */
  readonly path: string;
  /**
   * Makes the socket again, if necessary at another path, when it was removed or opened to other users: our clients do not use
   * such a socket.
   *
   * @throws VaultError as {@link serveOnSocket}; the next call tries again
   */
  ensureSocket(): Promise<void>;
  /** Takes no more requests, removes the socket and resolves when those in progress are answered. */
  stop(): Promise<void>;
  /** Ends those in progress as well. */
  cut(): void;
}

/**
 * Answers HTTP on a private Unix socket: mode 0600 in a folder of mode 0700, both ours. Only that keeps other users out: Node
 * cannot tell who connects (SO_PEERCRED, unix(7)). The socket of a killed agent is replaced, so the caller holds the agent's lock.
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
    // An unread body would hold the connection.
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
    response.writeHead(status, { ...NO_STORE, ...headers, 'content-length': length }).end(body);
  }

  const limits = {
    maxHeaderSize: MAX_HEAD,
    headersTimeout: REQUEST_TIMEOUT,
    requestTimeout: REQUEST_TIMEOUT,
    connectionsCheckingInterval: SECOND,
    keepAliveTimeout: KEEP_ALIVE,
  };
  const server = createServer(limits, (request, response) => {
    // A client that goes away is not a failure.
    response.on('error', () => undefined);
    const served = respond(request, response).finally(() => waiting.delete(served));
    waiting.add(served);
  });
  server.maxConnections = MAX_CONNECTIONS;
  // A connection that cannot be accepted, for lack of descriptors, does not end the agent.
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

/** Sent by browsers and not by programs that use a socket. Node's own `fetch` sends Sec-Fetch-Mode. */
const BROWSER_HEADERS = [
  'origin',
  'referer',
  'cookie',
  'sec-fetch-site',
  'sec-fetch-dest',
  'sec-fetch-user',
  'upgrade-insecure-requests',
];

/** PowerShell's `Invoke-RestMethod` and `Invoke-WebRequest`, which take `-UnixSocket`, call themselves Mozilla too. */
const BROWSER_NAME = /^Mozilla\/(?!.* PowerShell\/\d)/;

/**
 * A web page could send a browser here through a port that is forwarded to the socket. An old browser that follows a link sends
 * neither Origin nor Sec-Fetch-Site, but accepts HTML.
 */
function isFromBrowser(headers: IncomingHttpHeaders): boolean {
  if (BROWSER_HEADERS.some((name) => name in headers)) return true;
  return /text\/html/i.test(headers.accept ?? '') || BROWSER_NAME.test(headers['user-agent'] ?? '');
}

function removeLeftover(path: string): void {
  const found = lstatOrNull(path);
  if (found === null) return;
  if (!found.isSocket()) {
    throw notASocket(path);
  }
  try {
    unlinkSync(path);
  } catch (failure) {
    throw notWritable(path, failure);
  }
}

function noSocket(path: string, failure: unknown): VaultError {
  const why =
    codeOf(failure) === 'EADDRINUSE'
      ? 'another program uses that path'
      : 'this file system does not support them';
  return new VaultError('config_invalid', `no Unix socket can be made at ${path}: ${why}`, {
    hint: 'keep the vault on a local disk: export VAULT_HOME=/path/on/a/local/disk',
    cause: failure,
  });
}
