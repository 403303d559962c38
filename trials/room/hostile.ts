import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { gzipSync } from 'node:zlib';

/** A token endpoint that misbehaves, in front of one that works. */
export interface Front {
  readonly url: string;
  /** What to do to the next requests; null passes them on. */
  mood: Hostile['act'] | null;
  /** How often each refresh token was sent here. */
  readonly sends: Map<string, number>;
  /** Requests to anywhere but the token endpoint: somebody followed a redirect. */
  readonly strays: string[];
  close(): Promise<void>;
}

/** @param target where honest requests go; asked for each */
export async function openFront(target: () => string): Promise<Front> {
  const server = createServer((request, response) => {
    response.on('error', () => undefined);
    void read(request).then(async (body) => {
      if (request.url !== '/token') front.strays.push(request.url ?? '');
      const token = new URLSearchParams(body).get('refresh_token');
      if (token !== null) front.sends.set(token, (front.sends.get(token) ?? 0) + 1);
      const { socket } = request;
      socket.on('error', () => undefined);
      const headers = { 'content-type': 'application/x-www-form-urlencoded' };
      const asked = () => fetch(target(), { method: 'POST', body, headers });
      if (front.mood !== null) return front.mood(socket, async () => (await asked()).text());
      const answer = await asked();
      response.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text());
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const front: Front = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`,
    mood: null,
    sends: new Map(),
    strays: [],
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return front;
}

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

export interface Hostile {
  readonly name: string;
  /** How a command that meets it ends. */
  readonly exitCode: number;
  /** @param honest asks the server that works, and gives the body of its answer */
  readonly act: (socket: Socket, honest: () => Promise<string>) => void;
}

const TOKENS = JSON.stringify({
  access_token: 'access-token-example',
  refresh_token: 'refresh-token-example',
  token_type: 'Bearer',
  expires_in: 3_600,
});
const JSON_TYPE = 'Content-Type: application/json\r\n';

function head(status: string, headers: string): string {
  return `HTTP/1.1 ${status}\r\n${headers}\r\n`;
}

/** An honest answer of another server: a beginning of it must not be taken for a whole one. */
const WHOLE = head('200 OK', `${JSON_TYPE}Content-Length: ${TOKENS.length}\r\n`) + TOKENS;

/** The whole body is there, so it counts, whatever is wrong around it. */
const TAKEN = 0;
/** Left to pass: a later try may find the server in its right mind. */
const PASSING = 5;
/** No server answers so by accident: the endpoint is not the one that was configured. */
const MISCONFIGURED = 11;

function says(name: string, text: string | Buffer, exitCode = PASSING): Hostile {
  return { name, exitCode, act: (socket) => void socket.end(text) };
}

function redirect(status: string): Hostile {
  const text = head(`${status} Elsewhere`, 'Location: /elsewhere\r\nContent-Length: 0\r\n');
  return says(`redirect ${status}`, text, MISCONFIGURED);
}

function later(status: string, retryAfter: string): Hostile {
  const headers = `${JSON_TYPE}Retry-After: ${retryAfter}\r\nContent-Length: 2\r\n`;
  return says(`${status} with Retry-After ${retryAfter}`, `${head(`${status} Later`, headers)}{}`);
}

/** Writes again and again until the other side hangs up. @param pause milliseconds; 0: as fast as it goes */
function endless(name: string, start: string, piece: string, pause: number): Hostile {
  return {
    name,
    exitCode: PASSING,
    act(socket) {
      socket.write(start);
      const go = () => {
        if (socket.destroyed) return;
        if (pause > 0) setTimeout(() => socket.write(piece, go), pause);
        else socket.write(piece, () => setImmediate(go));
      };
      go();
    },
  };
}

function bomb(): Hostile {
  const packed = gzipSync(Buffer.alloc(128 * 1024 * 1024));
  const headers = `${JSON_TYPE}Content-Encoding: gzip\r\nContent-Length: ${packed.length}\r\n`;
  return says('gzip bomb of 128 MiB', Buffer.concat([Buffer.from(head('200 OK', headers)), packed]));
}

const CHUNKED = head('200 OK', `${JSON_TYPE}Transfer-Encoding: chunked\r\n`);
const chunkOf = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`;
const chunk = (size: number) => chunkOf(' '.repeat(size));

function sized(body: string, more: number): string {
  return head('200 OK', `${JSON_TYPE}Content-Length: ${body.length + more}\r\n`) + body;
}

/** Sends the honest answer in a wrapping that is not. */
function whole(name: string, wrapped: (body: string) => string, how: 'reset' | 'end' | 'stay'): Hostile {
  return {
    name,
    exitCode: TAKEN,
    act(socket, honest) {
      void honest().then((body) => socket.write(wrapped(body), () => leave(socket, how)));
    },
  };
}

function leave(socket: Socket, how: 'reset' | 'end' | 'stay'): void {
  if (how === 'reset') socket.resetAndDestroy();
  if (how === 'end') socket.end();
}

/** Those that end at once, whatever the deadline is. */
export const QUICK: readonly Hostile[] = [
  ...['301', '302', '303', '307', '308'].map(redirect),
  bomb(),
  endless('endless body', CHUNKED, chunk(65_536), 0),
  endless('endless headers', 'HTTP/1.1 200 OK\r\n', `X-More: ${'a'.repeat(1_000)}\r\n`, 0),
  says('length too small', head('200 OK', `${JSON_TYPE}Content-Length: 20\r\n`) + TOKENS),
  whole('length too great, then the end', (body) => sized(body, 1), 'end'),
  whole('no last chunk, then a reset', (body) => CHUNKED + chunkOf(body), 'reset'),
  whole('100 Continue that nobody asked for', (body) => head('100 Continue', '') + sized(body, 0), 'end'),
  says('a length of 9 TB', head('200 OK', `${JSON_TYPE}Content-Length: 9999999999999\r\n`) + TOKENS),
  says('two lengths', head('200 OK', `${JSON_TYPE}Content-Length: 5\r\nContent-Length: 9\r\n`) + TOKENS),
  says(
    'a page',
    `${head('200 OK', 'Content-Type: text/html\r\nConnection: close\r\n')}<!doctype html><p>Hello`,
  ),
  says('a picture', Buffer.from(`${head('200 OK', 'Content-Type: image/png\r\n')}\u0089PNG\r\n`, 'latin1')),
  says('nothing, with success', head('204 No Content', '')),
  says('not HTTP', 'SSH-2.0-OpenSSH\r\n'),
  later('429', '99999999999'),
  later('429', 'Fri, 31 Dec 9999 23:59:59 GMT'),
  later('429', '-5'),
  later('503', '1e99'),
];

/** Those that only the deadline ends. */
export const SLOW: readonly Hostile[] = [
  { name: 'silence', exitCode: PASSING, act: () => undefined },
  endless('a byte a second', CHUNKED, chunk(1), 1_000),
  endless('a header a second', 'HTTP/1.1 200 OK\r\n', 'X-More: a\r\n', 1_000),
  endless('endless interim answers', '', head('103 Early Hints', 'Link: <x>\r\n'), 50),
  whole('length too great, then silence', (body) => sized(body, 1), 'stay'),
];

/** The connection breaks after so many bytes of an honest answer. */
export function cutAt(bytes: number, how: 'reset' | 'end'): Hostile {
  return {
    name: `${how} after ${bytes} bytes`,
    exitCode: PASSING,
    act(socket) {
      if (bytes === 0) leave(socket, how);
      else socket.write(WHOLE.slice(0, bytes), () => leave(socket, how));
    },
  };
}

export const WHOLE_LENGTH = WHOLE.length;
