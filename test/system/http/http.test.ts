import { createHash } from 'node:crypto';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { json, type LocalServer, serve } from '../../doubles/local-server.js';
import { CLIENTS, clientOf } from './clients.js';

const MIB = 1_048_576;
const servers: LocalServer[] = [];

async function started(answer: Parameters<typeof serve>[0]): Promise<LocalServer> {
  const server = await serve(answer);
  servers.push(server);
  return server;
}

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

describe.each(CLIENTS)('%s', (_, acceptPart) => {
  const http = clientOf(acceptPart);

  describe('a request', () => {
    it('sends its content and returns status, headers and body', async () => {
      const server = await started((response) => {
        response.writeHead(201, { 'X-One': 'a', 'x-two': ['b', 'c'] });
        response.end('grüße');
      });
      const url = `${server.url}/token?a=b`;
      const answer = await http.send({ method: 'POST', url, headers: { 'X-Own': 'x' }, body: 'grant=ü' });
      expect(answer).toMatchObject({
        status: 201,
        headers: { 'x-one': 'a', 'x-two': 'b, c' },
        body: 'grüße',
      });
      expect(server.received).toMatchObject([{ method: 'POST', path: '/token?a=b', body: 'grant=ü' }]);
      expect(server.received[0]?.headers).toMatchObject({
        'user-agent': 'token-vault',
        'accept-encoding': 'identity',
        'x-own': 'x',
        host: server.host,
      });
    });

    it('sends a header once, whatever its spelling', async () => {
      const server = await started(json(200, {}));
      await http.send({
        method: 'GET',
        url: server.url,
        headers: { 'User-Agent': 'another', Accept: 'a', accept: 'b' },
      });
      expect(server.received[0]?.headers).toMatchObject({ 'user-agent': 'another', accept: 'b' });
    });

    it.each([['GET'], ['POST'], ['DELETE']] as const)('can %s', async (method) => {
      const server = await started(json(200, {}));
      await http.send({ method, url: server.url, headers: {} });
      expect(server.received[0]?.method).toBe(method);
    });

    it('has its own connection', async () => {
      const ports = new Set<number | undefined>();
      const server = await started((response) => {
        ports.add(response.socket?.remotePort);
        response.end();
      });
      for (let i = 0; i < 6; i += 1) await http.send({ method: 'GET', url: server.url, headers: {} });
      expect(ports.size).toBe(6);
    });

    it.each([[301], [302], [303], [307], [308]])('does not follow a redirect with %i', async (status) => {
      const elsewhere = await started(json(200, {}));
      const server = await started((response) =>
        response.writeHead(status, { location: elsewhere.url }).end(),
      );
      const answer = await http.send({
        method: 'POST',
        url: server.url,
        headers: {},
        body: 'refresh_token=x',
      });
      expect(answer.status).toBe(status);
      expect(elsewhere.received).toEqual([]);
      expect(server.received).toHaveLength(1);
    });

    it.each([[500], [503], [429]])('does not repeat a request that was answered with %i', async (status) => {
      const server = await started(json(status, {}, { 'retry-after': '0' }));
      expect((await http.send({ method: 'GET', url: server.url, headers: {} })).status).toBe(status);
      expect(server.received).toHaveLength(1);
    });

    it('ignores interim answers', async () => {
      const server = await started((response) => {
        response.writeProcessing();
        response.writeEarlyHints({ link: '</x>; rel=preload' });
        response.writeHead(200).end('whole');
      });
      const answer = await http.send({ method: 'GET', url: server.url, headers: {} });
      expect(answer).toMatchObject({ status: 200, body: 'whole' });
    });
  });

  describe('a compressed body', () => {
    it.each<[string, (body: Buffer) => Buffer]>([
      ['gzip', gzipSync],
      ['x-gzip', gzipSync],
      ['GZIP', gzipSync],
      ['deflate', deflateSync],
      ['deflate', deflateRawSync],
      ['br', brotliCompressSync],
      ['identity', (body) => body],
    ])('is decompressed even if none was requested: %s', async (coding, compress) => {
      const server = await started((response) => {
        response.writeHead(400, { 'content-encoding': coding }).end(compress(Buffer.from('{"error":"x"}')));
      });
      expect((await http.send({ method: 'GET', url: server.url, headers: {} })).body).toBe('{"error":"x"}');
    });

    it.each([
      ['that is cut off', 'gzip', gzipSync(Buffer.from('x'.repeat(1000))).subarray(0, 20)],
      ['that is none', 'gzip', Buffer.from('plain')],
      ['in a coding nobody knows', 'zstd', Buffer.from('plain')],
      ['compressed twice', 'gzip, gzip', gzipSync(gzipSync(Buffer.from('x')))],
    ])('%s is not accepted', async (_, coding, body) => {
      const server = await started((response) =>
        response.writeHead(200, { 'content-encoding': coding }).end(body),
      );
      await expect(http.send({ method: 'GET', url: server.url, headers: {} })).rejects.toMatchObject({
        reason: 'malformed',
        sent: 'maybe',
      });
    });
  });

  describe('the size of a body', () => {
    it('may be a mebibyte, even after decompression', async () => {
      const body = Buffer.alloc(MIB, 'a');
      const digest = createHash('sha256').update(body).digest('hex');
      const server = await started((response, request) => {
        if (request.path === '/gzip')
          response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(body));
        else response.end(body);
      });
      for (const path of ['/plain', '/gzip']) {
        const answer = await http.send({ method: 'GET', url: server.url + path, headers: {} });
        expect(createHash('sha256').update(answer.body).digest('hex')).toBe(digest);
      }
    });

    it.each([
      ['announced', (body: Buffer) => ({ 'content-length': String(body.length) })],
      ['sent in chunks', () => ({})],
    ])('may not be larger if %s', async (_, headers) => {
      const body = Buffer.alloc(MIB + 1, 'a');
      const server = await started((response) => {
        response.writeHead(200, headers(body));
        response.end(body);
      });
      const request = { method: 'GET', url: server.url, headers: {} } as const;
      await expect(http.send(request)).rejects.toMatchObject({ reason: 'too_large', sent: 'maybe' });
    });

    it.each([
      ['gzip', gzipSync(Buffer.alloc(200 * MIB))],
      ['br', brotliCompressSync(Buffer.alloc(200 * MIB), { params: { 1: 1 } })],
    ])('of a %s bomb is never decompressed', async (coding, bomb) => {
      const server = await started((response) =>
        response.writeHead(200, { 'content-encoding': coding }).end(bomb),
      );
      const before = process.memoryUsage.rss();
      const request = { method: 'GET', url: server.url, headers: {} } as const;
      await expect(http.send(request)).rejects.toMatchObject({ reason: 'too_large' });
      expect(process.memoryUsage.rss() - before).toBeLessThan(64 * MIB);
    });
  });
});
