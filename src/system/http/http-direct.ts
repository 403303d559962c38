import { type IncomingMessage, request, validateHeaderName, validateHeaderValue } from 'node:http';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { SECOND } from '../../domain/duration.js';
import type { HttpRequest } from '../contract.js';
import type { Exchange } from './http-exchange.js';
import { type LoopbackGuard, lookupLocalhost } from './loopback-guard.js';

/** Connection options, direct and through a proxy. */
export const CONNECT = {
  minVersion: 'TLSv1.2',
  // Explicit, because otherwise NODE_TLS_REJECT_UNAUTHORIZED=0 would decide.
  rejectUnauthorized: true,
  /** Includes the TLS handshake; independent of the deadline of the exchange. */
  timeout: 10 * SECOND,
  autoSelectFamily: true,
  /** Node's default of 250 ms is too short for a distant host. */
  autoSelectFamilyAttemptTimeout: SECOND,
  lookup: lookupLocalhost,
} as const;
/** Explicit, because NODE_OPTIONS could change it. */
const MAX_HEADER_BYTES = 16_384;

export type Message = Pick<HttpRequest, 'method' | 'headers'> & { readonly body: string | null };

export interface Direct {
  /** @param tunnel a connection through a proxy; without it the host itself is connected to */
  send(url: URL, message: Message, exchange: Exchange, tunnel?: Promise<Duplex>): void;
  /** Closes every connection, including those still being opened. */
  destroy(): void;
}

/**
 * Requests by Node's own client, each on a connection of its own. The server could close a kept connection just as it is
 * used again, and then it would be unknown whether it read the refresh token; and what it sends after one answer could be
 * taken for the next.
 */
export function createDirect(guard: LoopbackGuard): Direct {
  const sockets = new Set<Duplex>();

  function hold(socket: Duplex, exchange: Exchange): void {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', (failure) => exchange.onResponseError(null, failure));
    // The connection ends with the exchange.
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
      // Nothing may be sent before the certificate, or without TLS the listener, is checked.
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
    // With `close` some servers would omit the length of their answer.
    // Node frames the body of a DELETE only if its length is given.
    headers: {
      ...{ host: url.host, connection: 'keep-alive' },
      ...(body !== null && { 'content-length': String(Buffer.byteLength(body)) }),
      ...headers,
    },
    insecureHTTPParser: false,
    maxHeaderSize: MAX_HEADER_BYTES,
  });
  const end = (message: IncomingMessage) =>
    hasAnnouncedEnd(message) ? exchange.onResponseEnd() : exchange.onConnectionEnd();
  const fail = (failure: Error) => {
    // The parser reports the error before it delivers the data in front of it.
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

/** Whether the end of the body differs from a broken connection (RFC 9112 §6.3). */
function hasAnnouncedEnd({ statusCode, headers }: IncomingMessage): boolean {
  if (statusCode === 204 || statusCode === 304 || headers['content-length'] !== undefined) return true;
  return /(?:^|,)\s*chunked\s*$/i.test(headers['transfer-encoding'] ?? '');
}

function tls(url: URL, below: Duplex | undefined): Socket {
  const { host, port } = address(url);
  return connectTls({
    ...CONNECT,
    ...(below === undefined ? { host, port } : { socket: below, host }),
    // An address is not a server name (RFC 6066 §3); the certificate is checked against `host` then.
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
