import type { Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { Secret } from '../../src/domain/secret.js';
import { pollDevice } from '../../src/oauth/device.js';
import { isWholeByItself } from '../../src/oauth/token-answer.js';
import { exchangeCode, refresh } from '../../src/oauth/token-endpoint.js';
import { Exchange } from '../../src/system/http/http-exchange.js';
import { localHttp, type RawServer, serveRaw } from '../doubles/local-server.js';
import { plainClient } from '../doubles/provider-bits.js';

const http = localHttp();
let server: RawServer;

afterEach(() => server.close());
afterAll(() => http.close());

const TOKENS = JSON.stringify({ access_token: 'access-token-example', refresh_token: 'newest-example' });
const FORM = 'access_token=access-token-example&refresh_token=newest-example';
const ERROR = '{"error":"invalid_grant"}';

type End = 'reset' | 'end' | 'stay';

/** Answers with these bytes, then leaves in this way. */
async function answering(bytes: string | Buffer, end: End): Promise<string> {
  const leave = (socket: Socket) => {
    if (end === 'reset') socket.resetAndDestroy();
    if (end === 'end') socket.end();
  };
  server = await serveRaw((socket) => {
    socket.once('data', () => socket.write(bytes, () => leave(socket)));
  });
  return server.url;
}

function head(...headers: readonly string[]): string {
  return ['HTTP/1.1 200 OK', ...headers, '', ''].join('\r\n');
}

function sized(body: string | Buffer, more: number, ...headers: readonly string[]): Buffer {
  return Buffer.concat([
    Buffer.from(head(`Content-Length: ${Buffer.byteLength(body) + more}`, ...headers)),
    Buffer.from(body),
  ]);
}

const CHUNKED = head('Transfer-Encoding: chunked');
const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`;

const refreshAt = (endpoint: string, deadline = 10_000) =>
  refresh(http, { ...plainClient, endpoint, refreshToken: new Secret('spent-example'), deadline });

const LOST = { reason: 'reset', sent: 'maybe' };

describe('a complete JSON answer', () => {
  it.each<[string, string | Buffer, End]>([
    ['before a reset', sized(TOKENS, 9), 'reset'],
    ['with a length that is one too great', sized(TOKENS, 1), 'end'],
    ['without the last chunk', CHUNKED + chunk(TOKENS), 'end'],
    ['in two chunks, before a reset', CHUNKED + chunk(TOKENS.slice(0, 9)) + chunk(TOKENS.slice(9)), 'reset'],
    ['before a chunk that is none', `${CHUNKED}${chunk(TOKENS)}what\r\n`, 'stay'],
    [
      'compressed, without the checksum',
      sized(gzipSync(TOKENS).subarray(0, -8), 8, 'Content-Encoding: gzip'),
      'reset',
    ],
    [
      'compressed, cut short in a body that is whole',
      sized(gzipSync(TOKENS).subarray(0, -8), 0, 'Content-Encoding: gzip'),
      'end',
    ],
    ['said to be compressed, and is not', sized(TOKENS, 0, 'Content-Encoding: gzip'), 'stay'],
    ['in a coding that is none', sized(TOKENS, 0, 'Content-Encoding: utf-8'), 'stay'],
    [
      'before trailers that are too large',
      `${CHUNKED}${chunk(TOKENS)}0\r\nX: ${'a'.repeat(100_000)}\r\n\r\n`,
      'stay',
    ],
    ['ended by the end of the connection', head('Connection: close') + TOKENS, 'end'],
  ])('is the answer: %s', async (_, bytes, end) => {
    const answer = await refreshAt(await answering(bytes, end));
    if (answer.kind !== 'granted') throw new Error(answer.error);
    expect(answer.refreshToken?.reveal()).toBe('newest-example');
    expect(server.connections()).toBe(1);
  });

  it('is the answer even if the deadline comes before its end', async () => {
    const answer = await refreshAt(await answering(CHUNKED + chunk(TOKENS), 'stay'), 300);
    expect(answer.kind).toBe('granted');
    await server.idle();
  });

  it.each([
    ['the TLS connection is broken', 'ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC'],
    ['the network is gone', 'EHOSTUNREACH'],
  ])('is the answer even with %s behind it', async (_, code) => {
    const limits = { deadline: 10_000, signal: undefined, host: 'x', proxied: false, acceptPart: true };
    const exchange = new Exchange(limits);
    exchange.onRequestStart({ abort: () => undefined });
    exchange.onResponseStart(null, 200, { 'content-length': '1000' });
    exchange.onResponseData(null, Buffer.from(TOKENS));
    exchange.onResponseError(null, Object.assign(new Error(), { code }));
    const answer = await exchange.answer;
    expect(answer).toMatchObject({ status: 200, body: TOKENS, brokenOff: { sent: 'maybe' } });
    expect(isWholeByItself(answer)).toBe(true);
  });

  it('is the answer to a code and to a device code as well', async () => {
    const endpoint = await answering(sized(TOKENS, 1), 'end');
    const code = { code: new Secret('code'), redirectUri: 'http://127.0.0.1/', codeVerifier: null };
    expect(await exchangeCode(http, { ...plainClient, ...code, endpoint })).toMatchObject({
      kind: 'granted',
    });
    const deviceCode = new Secret('device-code');
    expect(await pollDevice(http, { ...plainClient, deviceCode, endpoint })).toMatchObject({
      kind: 'granted',
    });
  });

  it('is a refusal if it names an error', async () => {
    const bytes = sized(ERROR, 1).toString().replace('200 OK', '400 Bad Request');
    expect(await refreshAt(await answering(bytes, 'reset'))).toMatchObject({
      kind: 'refused',
      class: 'login_needed',
      error: 'invalid_grant',
    });
  });
});

describe('an interrupted answer', () => {
  it.each<[string, string | Buffer, End]>([
    ['within its JSON', sized(TOKENS.slice(0, -1), 1), 'reset'],
    ['within its error', sized(ERROR.slice(0, -1), 1).toString().replace('200 OK', '400 No'), 'reset'],
    ['with neither token nor error in it', sized('{"state":"ok"}', 1), 'reset'],
    ['in a form, which may go on', sized(FORM, 1), 'reset'],
    ['before its body', sized('', 9), 'reset'],
    [
      'within what is compressed',
      sized(gzipSync(TOKENS).subarray(0, 30), 9, 'Content-Encoding: gzip'),
      'reset',
    ],
  ])('is not used: %s', async (_, bytes, end) => {
    await expect(refreshAt(await answering(bytes, end))).rejects.toMatchObject(LOST);
  });

  it('is not used if it is larger than the limit', async () => {
    const huge = TOKENS.replace('{', `{${' '.repeat(1_048_576)}`);
    const failure = { reason: 'too_large', sent: 'maybe' };
    await expect(refreshAt(await answering(CHUNKED + chunk(huge), 'stay'))).rejects.toMatchObject(failure);
  });
});

describe('an answer whose end is the end of the connection', () => {
  it.each([
    ['a form, whose tokens may be cut', FORM],
    ['JSON that is not whole', TOKENS.slice(0, -1)],
    ['nothing', ''],
  ])('is lost when it is %s', async (_, body) => {
    await expect(refreshAt(await answering(head() + body, 'end'))).rejects.toMatchObject(LOST);
  });

  it('is lost if it is a form with an error, which may be truncated', async () => {
    const bytes = `${head().replace('200 OK', '400 No')}error=invalid_grant`;
    await expect(refreshAt(await answering(bytes, 'end'))).rejects.toMatchObject(LOST);
  });

  it('counts by its status if it is an error page', async () => {
    const bytes = `${head('Retry-After: 7').replace('200 OK', '503 Later')}<p>later`;
    const refused = { kind: 'refused', class: 'transient', error: 'http_503', retryAfter: 7_000 };
    expect(await refreshAt(await answering(bytes, 'end'))).toMatchObject(refused);
  });

  it('counts as a form if its length was announced', async () => {
    expect(await refreshAt(await answering(sized(FORM, 0), 'stay'))).toMatchObject({ kind: 'granted' });
  });
});

describe('what comes before an answer', () => {
  it.each([
    ['100 Continue', 'HTTP/1.1 100 Continue\r\n\r\n'],
    ['100 Continue with headers', 'HTTP/1.1 100 Continue\r\nX-More: 1\r\n\r\n'],
    [
      'several of each kind',
      'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 102 P\r\n\r\n'.repeat(3),
    ],
  ])('is skipped even if it was not requested: %s', async (_, interim) => {
    const endpoint = await answering(interim + sized(TOKENS, 0), 'stay');
    expect(await refreshAt(endpoint)).toMatchObject({ kind: 'granted' });
    expect(server.connections()).toBe(1);
  });

  it('is skipped in pieces', async () => {
    server = await serveRaw((socket) => {
      socket.once('data', async () => {
        for (const piece of [
          'HTTP/1.1 10',
          '0 Continue\r\n',
          '\r\nHTTP',
          '/1.1 200 OK\r\nContent-Length: ',
          `${TOKENS.length}\r\n\r\n`,
          TOKENS,
        ]) {
          socket.write(piece);
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
      });
    });
    expect(await refreshAt(server.url)).toMatchObject({ kind: 'granted' });
  });

  it('is not an answer if nothing follows', async () => {
    const endpoint = await answering('HTTP/1.1 100 Continue\r\n\r\n', 'end');
    await expect(refreshAt(endpoint)).rejects.toMatchObject(LOST);
  });
});
