import { connect, type Socket } from 'node:net';
import type { Random } from './random.js';

/** Where a login waits, and what only its own callback knows. */
export interface Target {
  readonly port: number;
  /** As a browser sends it. */
  readonly host: string;
  readonly path: string;
  readonly state: string;
}

/** A stranger's request: what is sent, and how long anybody listens for an answer, in milliseconds. */
interface Stranger {
  readonly bytes: readonly (string | Buffer)[];
  readonly patience: number;
}

const ANSWERED = 3_000;
/** Those who never finish are left hanging: the listener has to get rid of them. */
const NOT_WAITED_FOR = 20;
const METHODS = ['POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS', 'TRACE', 'PATCH', 'CONNECT', 'get', 'G ET', ''];
const PATHS = [
  '/',
  '/favicon.ico',
  '/done',
  '/done?x',
  '//',
  '/../',
  '/%2e%2e/',
  '*',
  'http://evil.example/',
  '/\u00e4',
];
const HOSTS = [
  'evil.example',
  'localhost',
  '127.0.0.1',
  '127.0.0.1:1',
  '[::1]',
  '',
  '\u00fc.example',
  'a'.repeat(5_000),
];
const PARTS = [
  'GET ',
  '/',
  '?',
  '&',
  '=',
  '%',
  '%00',
  '#',
  ' ',
  '\t',
  '\0',
  '\r',
  '\n',
  ' HTTP/1.1',
  'Host: ',
  'code=c',
];
const PROTOCOLS = [
  Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc]),
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  'SSH-2.0-OpenSSH_9.2\r\n',
  'GET / HTTP/0.9\r\n\r\n',
  'GET / HTTP/1.1 HTTP/1.1\r\n\r\n',
  'EHLO evil.example\r\n',
];

const KINDS: Readonly<Record<string, (random: Random, target: Target) => Stranger>> = {
  noise: (random) =>
    asked(Buffer.from(Array.from({ length: 1 + random.whole(400) }, () => random.whole(256)))),
  'half a grammar': (random) =>
    asked(`${Array.from({ length: 1 + random.whole(30) }, () => random.pick(PARTS)).join('')}\r\n\r\n`),
  'another protocol': (random) => asked(random.pick(PROTOCOLS)),
  'a wrong state': (random, target) => asked(get(target, `?code=c&state=${text(random, 43)}`)),
  'a state cut short': (random, target) =>
    asked(get(target, `?code=c&state=${target.state.slice(0, random.whole(target.state.length))}`)),
  'two states': (_, target) => asked(get(target, `?code=c&state=${target.state}&state=${target.state}`)),
  'the right state and nothing': (_, target) => asked(get(target, `?state=${target.state}`)),
  'the right state, code and error': (_, target) =>
    asked(get(target, `?state=${target.state}&code=c&error=access_denied`)),
  'an error of nobody': (_, target) => asked(get(target, '?error=access_denied')),
  'a wrong host': (random, target) =>
    asked(get({ ...target, host: random.pick(HOSTS) }, `?code=c&state=${target.state}`)),
  'two hosts': (_, target) => asked(get(target, `?code=c&state=${target.state}`, ['Host: evil.example'])),
  'a wrong path': (random, target) => asked(get({ ...target, path: random.pick(PATHS) }, '')),
  'a wrong method': (random, target) =>
    asked(get(target, `?code=c&state=${target.state}`).replace('GET', random.pick(METHODS))),
  'headers without end': (random, target) =>
    asked(get(target, '?', [`X: ${'a'.repeat(16_000 + random.whole(1_000_000))}`])),
  'very many headers': (random, target) =>
    asked(
      get(
        target,
        '?',
        Array.from({ length: random.whole(3_000) }, (_, index) => `X-${index}: a`),
      ),
    ),
  'a long address': (random, target) => asked(get(target, `?state=${'a'.repeat(random.whole(100_000))}`)),
  'two requests in one': (_, target) =>
    asked(get(target, '?state=x') + get(target, `?state=${target.state}`)),
  'two lengths': (_, target) =>
    asked(
      `${get(target, '?state=x', ['Content-Length: 5', 'Transfer-Encoding: chunked'])}0\r\n\r\nGET / HTTP/1.1\r\n\r\n`,
    ),
  'broken chunks': (_, target) =>
    asked(`${get(target, '?state=x', ['Transfer-Encoding: chunked'])}ffffffffffffffffff\r\n\r\n`),
  'an upgrade': (_, target) => asked(get(target, '?', ['Connection: Upgrade', 'Upgrade: websocket'])),
  'an expectation': (_, target) =>
    asked(get(target, '?state=x', ['Expect: 100-continue', 'Content-Length: 9'])),
  'a beginning': (random, target) => {
    const whole = get(target, `?code=c&state=${target.state}`);
    // Never so much of it that it would be the callback.
    return hanging(whole.slice(0, random.whole(whole.length - 4)));
  },
  'a drip': (random, target) => hanging(...get(target, '?state=x').slice(0, random.whole(60))),
  silence: () => hanging(),
};

export const KIND_NAMES = Object.keys(KINDS);

/**
 * One request of somebody who is not the browser.
 *
 * @returns the status of the answer; 0 when there was none
 */
export function bother(target: Target, kind: string, random: Random): Promise<number> {
  const stranger = KINDS[kind]?.(random, target);
  if (stranger === undefined) throw new RangeError(`nobody bothers like ${kind}`);
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(target.port, '127.0.0.1', () => {
      for (const piece of stranger.bytes) socket.write(piece);
    });
    const leave = setTimeout(() => socket.destroy(), stranger.patience);
    socket.setNoDelay(true);
    socket.setEncoding('latin1').on('data', (piece: string) => {
      answer += piece;
    });
    socket.on('error', (failure: NodeJS.ErrnoException) => {
      if (failure.code === 'ECONNREFUSED') reject(new Error('nobody listens any more'));
    });
    socket.on('close', () => {
      clearTimeout(leave);
      // One that begins with 1 announces another.
      resolve(Number(/^HTTP\/1\.1 ([2-9]\d\d)/m.exec(answer)?.[1] ?? 0));
    });
  });
}

/** Connections on which nothing is said, until they are destroyed. */
export function crowdAt(port: number, size: number): readonly Socket[] {
  return Array.from({ length: size }, () => connect(port, '127.0.0.1').on('error', () => undefined));
}

function asked(bytes: string | Buffer): Stranger {
  return { bytes: [bytes], patience: ANSWERED };
}

function hanging(...bytes: string[]): Stranger {
  return { bytes, patience: NOT_WAITED_FOR };
}

function get(target: Target, query: string, headers: readonly string[] = []): string {
  const lines = [
    `GET ${target.path}${query} HTTP/1.1`,
    `Host: ${target.host}`,
    ...headers,
    'Connection: close',
  ];
  return `${lines.join('\r\n')}\r\n\r\n`;
}

function text(random: Random, length: number): string {
  const characters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return Array.from({ length }, () => characters[random.whole(characters.length)]).join('');
}
