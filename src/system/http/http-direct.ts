import { type IncomingMessage, request, validateHeaderName, validateHeaderValue } from 'node:http';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import type { HttpRequest } from '../contract.js';
import { CONNECT } from './http-dispatch.js';
import type { Exchange } from './http-exchange.js';
import type { LoopbackGuard } from './loopback-guard.js';

/** As the other client has it; said outright, because NODE_OPTIONS could change it. */
const MAX_HEADER_BYTES = 16_384;

export type Message = Pick<HttpRequest, 'method' | 'headers'> & { readonly body: string | null };

export interface Direct {
  /** @param tunnel the connection to use, one through a proxy; none: the host itself is connected to */
  send(url: URL, message: Message, exchange: Exchange, tunnel?: Promise<Duplex>): void;
  /** Cuts every connection, those still being made included. */
  destroy(): void;
}

/**
 * Requests by Node's own client, each with a connection of its own. A connection that was kept could be closed by the
 * server at the moment when it is used again, and then nobody could say whether the refresh token had been read; and
 * what a server sends after one answer could be taken for the next one.
 */
export function createDirect(guard: LoopbackGuard): Direct {
  const sockets = new Set<Duplex>();

  function hold(socket: Duplex, exchange: Exchange): void {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', (failure) => exchange.onResponseError(null, failure));
    // Given up, failed or answered: its connection ends with it.
    if (exchange.settled.aborted) socket.destroy();
    exchange.settled.addEventListener('abort', () => socket.destroy());
  }

  async function open(url: URL, exchange: Exchange, tunnel: Promise<Duplex> | undefined): Promise<Socket> {
    const below = await tunnel;
    if (below !== undefined) hold(below, exchange);
    return new Promise((resolve, reject) => {
      const secure = url.protocol === 'https:';
      const socket = secure ? tls(url, below) : connectTcp({ ...address(url), ...CONNECT });
      hold(socket, exchange);
      const late = setTimeout(() => socket.destroy(coded('ETIMEDOUT')), CONNECT.timeout);
      socket.once('close', () => clearTimeout(late));
      // Not handed over before its certificate, or without one its listener, was checked: nothing may leave before.
      socket.once(secure ? 'secureConnect' : 'connect', () => {
        clearTimeout(late);
        if (secure) return resolve(socket);
        guard(socket, url.origin).then(() => resolve(socket), reject);
      });
    });
  }

  return {
    send(url, message, exchange, tunnel) {
      try {
        for (const [name, value] of Object.entries(message.headers)) {
          validateHeaderName(name);
          validateHeaderValue(name, value);
        }
      } catch (failure) {
        return exchange.onResponseError(null, failure as Error);
      }
      open(url, exchange, tunnel).then(
        (socket) => sendOver(socket, url, message, exchange),
        (failure: Error) => exchange.onResponseError(null, failure),
      );
    },
    destroy() {
      for (const socket of sockets) socket.destroy(coded('ABORT_ERR'));
    },
  };
}

function sendOver(socket: Socket, url: URL, { method, headers, body }: Message, exchange: Exchange): void {
  exchange.onRequestStart({ abort: () => void socket.destroy() });
  if (exchange.settled.aborted) return;
  let answer: IncomingMessage | null = null;
  const sent = request({
    createConnection: () => socket,
    method,
    path: `${url.pathname}${url.search}`,
    // Asked to close, some servers would leave out the length of their answer.
    headers: { host: url.host, connection: 'keep-alive', ...headers },
    insecureHTTPParser: false,
    maxHeaderSize: MAX_HEADER_BYTES,
  });
  const end = (message: IncomingMessage) =>
    hasAnnouncedEnd(message) ? exchange.onResponseEnd() : exchange.onConnectionEnd();
  const fail = (failure: Error) => {
    // The parser reports what follows before it gives out what came first.
    while (answer !== null && answer.read() !== null);
    if (answer?.complete === true) end(answer);
    else exchange.onResponseError(null, failure);
  };
  sent.on('response', (message) => {
    answer = message;
    exchange.onResponseStart(null, message.statusCode ?? 0, message.headersDistinct);
    message.on('data', (chunk: Buffer) => exchange.onResponseData(null, chunk));
    message.on('end', () => end(message));
    message.on('error', fail);
  });
  sent.on('error', fail);
  sent.end(body ?? undefined);
}

/** Whether the body's end can be told from a connection that was cut (RFC 9112 §6.3). */
function hasAnnouncedEnd({ statusCode, headers }: IncomingMessage): boolean {
  if (statusCode === 204 || statusCode === 304 || headers['content-length'] !== undefined) return true;
  return /(?:^|,)\s*chunked\s*$/i.test(headers['transfer-encoding'] ?? '');
}

function tls(url: URL, below: Duplex | undefined): Socket {
  const { host, port } = address(url);
  return connectTls({
    ...CONNECT,
    ...(below === undefined ? { host, port } : { socket: below, host }),
    // An address is no server name (RFC 6066 §3); the certificate is checked against `host` then.
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ALPNProtocols: ['http/1.1'],
  });
}

function address(url: URL): { host: string; port: number } {
  const usual = url.protocol === 'https:' ? 443 : 80;
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port: url.port === '' ? usual : Number(url.port) };
}

function coded(code: string): Error {
  return Object.assign(new Error(code), { code });
}
