import { afterEach, describe, expect, it } from 'vitest';
import { type RawServer, serveRaw } from '../../doubles/local-server.js';
import { CLIENTS, clientOf } from './clients.js';

const servers: RawServer[] = [];

type OnSocket = Parameters<typeof serveRaw>[0];

async function started(onSocket: OnSocket): Promise<RawServer> {
  const server = await serveRaw(onSocket);
  servers.push(server);
  return server;
}

/** Writes once the request has arrived. */
const answering = (
  text: string,
  then: (socket: Parameters<OnSocket>[0]) => void = () => undefined,
): OnSocket => {
  return (socket) => socket.once('data', () => socket.write(text, 'latin1', () => then(socket)));
};

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

describe.each(CLIENTS)('%s', (_, acceptPart) => {
  const http = clientOf(acceptPart);
  const get = (url: string, more = {}) => http.send({ method: 'GET', url, headers: {}, ...more });

  describe('a request that was not sent', () => {
    it('reports a refused connection', async () => {
      const server = await started(() => undefined);
      await server.close();
      const failure = { reason: 'refused', sent: 'no', host: `127.0.0.1:${server.port}` };
      await expect(get(server.url)).rejects.toMatchObject(failure);
    });

    it('reports a name that does not exist', async () => {
      const failure = { reason: 'dns', sent: 'no', host: 'no-such-host.invalid' };
      await expect(get('https://no-such-host.invalid/token')).rejects.toMatchObject(failure);
    });

    it('reports a secure connection that is too slow, and closes the socket', async () => {
      const own = clientOf(acceptPart);
      const server = await started(() => undefined);
      const url = `https://127.0.0.1:${server.port}/`;
      await expect(own.send({ method: 'GET', url, headers: {}, deadline: 200 })).rejects.toMatchObject({
        reason: 'timeout',
        sent: 'no',
      });
      await own.close();
      await server.idle();
      expect(server.connections()).toBe(1);
    }, 5_000);

    it('reports a server without TLS', async () => {
      const server = await started((socket) =>
        socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')),
      );
      await expect(get(`https://127.0.0.1:${server.port}/`)).rejects.toMatchObject({
        reason: 'tls',
        sent: 'no',
      });
    });

    it('reports a server that disconnects during the handshake', async () => {
      const server = await started((socket) => socket.once('data', () => socket.destroy()));
      await expect(get(`https://127.0.0.1:${server.port}/`)).rejects.toMatchObject({ sent: 'no' });
    });

    it('reports that it was cancelled before', async () => {
      const server = await started(() => undefined);
      const signal = AbortSignal.abort('interrupted');
      await expect(get(server.url, { signal })).rejects.toMatchObject({ reason: 'aborted', sent: 'no' });
      expect(server.connections()).toBe(0);
    });
  });

  describe('a request that may have arrived', () => {
    it.each<[string, OnSocket, string]>([
      [
        'the server hangs up on the request',
        (socket) => socket.once('data', () => socket.destroy()),
        'reset',
      ],
      ['the server resets', (socket) => socket.once('data', () => socket.resetAndDestroy()), 'reset'],
      ['it ends within the status line', answering('HTTP/1.1 20', (socket) => socket.end()), 'reset'],
      [
        'it ends within the headers',
        answering('HTTP/1.1 200 OK\r\nContent-', (socket) => socket.end()),
        'reset',
      ],
      [
        'it ends within the announced body',
        answering('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"access', (socket) => socket.end()),
        'reset',
      ],
      [
        'it resets within the body',
        answering('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"access', (socket) =>
          socket.resetAndDestroy(),
        ),
        'reset',
      ],
      [
        'it ends within a chunk',
        answering('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\nabc', (socket) => socket.end()),
        'reset',
      ],
      ['it is not HTTP', answering('SSH-2.0-OpenSSH\r\n\r\n'), 'malformed'],
      [
        'its headers are endless',
        answering(`HTTP/1.1 200 OK\r\nX: ${'a'.repeat(100_000)}\r\n\r\n`),
        'too_large',
      ],
      ['it never answers', () => undefined, 'timeout'],
      ['it answers and never ends', answering('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc'), 'timeout'],
    ])('reports that %s', async (_, onSocket, reason) => {
      const server = await started(onSocket);
      const request = {
        method: 'POST',
        body: 'refresh_token=x',
        deadline: reason === 'timeout' ? 1_000 : 10_000,
      };
      await expect(get(server.url, request)).rejects.toMatchObject({ reason, sent: 'maybe' });
      expect(server.connections()).toBe(1);
    });

    it('reports that it was cancelled, and disconnects', async () => {
      const controller = new AbortController();
      const server = await started((socket) => socket.once('data', () => controller.abort()));
      await expect(get(server.url, { signal: controller.signal })).rejects.toMatchObject({
        reason: 'aborted',
        sent: 'maybe',
      });
      await server.idle();
    });

    it('has one deadline that a slow answer does not extend', async () => {
      const server = await started((socket) => {
        socket.once('data', () => {
          socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n');
          const timer = setInterval(() => socket.write('a'), 20);
          socket.on('close', () => clearInterval(timer));
        });
      });
      await expect(get(server.url, { deadline: 1_000 })).rejects.toMatchObject({
        reason: 'timeout',
        sent: 'maybe',
      });
      await server.idle();
    });

    it('stops reading an endless chunked answer', async () => {
      let written = 0;
      const chunk = `10000\r\n${'a'.repeat(65_536)}\r\n`;
      const server = await started((socket) => {
        const more = () => {
          while (!socket.destroyed && socket.write(chunk)) written += 65_536;
        };
        socket.once('data', () =>
          socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', more),
        );
        socket.on('drain', more);
      });
      await expect(get(server.url)).rejects.toMatchObject({ reason: 'too_large', sent: 'maybe' });
      await server.idle();
      expect(written).toBeLessThan(64 * 1_048_576);
    });

    it('returns the announced part of a longer answer', async () => {
      const server = await started(answering('HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcdef'));
      expect((await get(server.url)).body).toBe('abc');
    });
  });

  describe('a failure', () => {
    it('shows no part of request or answer', async () => {
      const server = await started(answering('canary-answer\r\n\r\n'));
      const request = { method: 'POST', body: 'canary-request', headers: { authorization: 'canary-header' } };
      const failure: unknown = await get(server.url, request).catch((error: unknown) => error);
      const { message, cause } = failure as Error;
      expect(message).toBe(`malformed (127.0.0.1:${server.port})`);
      expect(`${String(cause)}${JSON.stringify(failure)}`).not.toContain('canary');
    });
  });

  describe('an invalid request', () => {
    it.each([
      ['plain http to a host elsewhere', 'http://accounts.example/token'],
      ['a password', 'https://user:canary@accounts.example/token'],
      ['another scheme', 'ftp://127.0.0.1/'],
      ['no address', 'token'],
    ])('is not sent: %s', async (_, url) => {
      const failure: unknown = await get(url).catch((error: unknown) => error);
      expect(failure).toMatchObject({ code: 'config_invalid' });
      expect(String(failure)).not.toContain('canary');
    });

    it('is not sent with a header that contains a line break', async () => {
      const server = await started(() => undefined);
      const headers = { 'x-own': 'a\r\nx-evil: 1' };
      await expect(get(server.url, { headers })).rejects.toMatchObject({ code: 'config_invalid' });
    });
  });
});
