import { connect, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { proxyFor } from '../../../src/system/http/http.js';
import { json, serve, serveRaw } from '../../doubles/local-server.js';
import { CLIENTS, clientOf } from './clients.js';

const PROXY = 'http://proxy.example:3128';
const url = (text: string) => new URL(text);

describe('the proxy for an address', () => {
  it.each([
    ['HTTPS_PROXY', { HTTPS_PROXY: PROXY }],
    ['https_proxy before HTTPS_PROXY', { https_proxy: PROXY, HTTPS_PROXY: 'http://other.example' }],
    ['HTTP_PROXY when there is no other', { HTTP_PROXY: PROXY }],
    ['HTTPS_PROXY before HTTP_PROXY', { HTTPS_PROXY: PROXY, HTTP_PROXY: 'http://other.example' }],
    [
      'HTTPS_PROXY beside a NO_PROXY for others',
      { HTTPS_PROXY: PROXY, NO_PROXY: 'example.org, .b.example,c' },
    ],
    [
      'HTTPS_PROXY beside a NO_PROXY for another port',
      { HTTPS_PROXY: PROXY, NO_PROXY: 'accounts.example:8443' },
    ],
  ])('is named by %s', (_, env) => {
    expect(proxyFor(url('https://accounts.example/token'), env)).toBe(PROXY);
  });

  it.each([
    ['nothing is set', {}],
    ['the variable is empty', { HTTPS_PROXY: '' }],
    ['NO_PROXY is *', { HTTPS_PROXY: PROXY, NO_PROXY: '*' }],
    ['NO_PROXY names the host', { HTTPS_PROXY: PROXY, NO_PROXY: 'x.example,ACCOUNTS.example' }],
    ['NO_PROXY names the domain', { HTTPS_PROXY: PROXY, NO_PROXY: '.example' }],
    ['NO_PROXY names the domain with a star', { HTTPS_PROXY: PROXY, NO_PROXY: '*.example' }],
    ['NO_PROXY names host and port', { HTTPS_PROXY: PROXY, no_proxy: 'accounts.example:443' }],
  ])('is not used when %s', (_, env) => {
    expect(proxyFor(url('https://accounts.example/token'), env)).toBeNull();
  });

  it.each([['http://127.0.0.1:9000/'], ['https://localhost:9000/'], ['http://[::1]:9000/']])(
    'is not used for this machine: %s',
    (address) => {
      expect(proxyFor(url(address), { HTTPS_PROXY: PROXY, HTTP_PROXY: PROXY })).toBeNull();
    },
  );

  it('is used for a name that only ends like an excluded one', () => {
    const env = { HTTPS_PROXY: PROXY, NO_PROXY: 'counts.example' };
    expect(proxyFor(url('https://accounts.example/'), env)).toBe(PROXY);
  });
});

describe.each(CLIENTS)('%s behind a proxy', (_, acceptPart) => {
  /** A proxy that answers CONNECT as told and notes the request. */
  async function proxyThat(answer: (socket: Socket) => void) {
    const seen: string[] = [];
    const server = await serveRaw((socket) => {
      socket.once('data', (chunk) => {
        seen.push(chunk.toString('latin1'));
        answer(socket);
      });
    });
    return { ...server, seen };
  }

  const get = (env: Record<string, string>, address: string) => {
    const http = clientOf(acceptPart, env);
    return http.send({ method: 'GET', url: address, headers: {} }).finally(() => http.close());
  };

  it('requests a tunnel with its credentials, and speaks TLS inside', async () => {
    const target = await serveRaw((socket) =>
      socket.once('data', (chunk) => socket.end(Buffer.from([chunk[0] ?? 0]))),
    );
    const proxy = await proxyThat((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      socket.pipe(connect(target.port, '127.0.0.1')).pipe(socket);
    });
    const env = { HTTPS_PROXY: `http://user:p%40ss@127.0.0.1:${proxy.port}` };
    await expect(get(env, 'https://accounts.example/token')).rejects.toMatchObject({ sent: 'no' });
    expect(proxy.seen[0]).toMatch(/^CONNECT accounts\.example:443 HTTP\/1\.1\r\n/);
    expect(proxy.seen[0]).toContain(`Basic ${Buffer.from('user:p@ss').toString('base64')}`);
    expect(target.connections()).toBe(1);
    await Promise.all([proxy.close(), target.close()]);
  });

  it('names the proxy if it refuses the tunnel', async () => {
    const proxy = await proxyThat((socket) =>
      socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n'),
    );
    const failure = { reason: 'proxy', sent: 'no', host: 'accounts.example' };
    await expect(get({ HTTPS_PROXY: proxy.url }, 'https://accounts.example/')).rejects.toMatchObject(failure);
    await proxy.close();
  });

  it('ends the wait for a silent proxy, and disconnects', async () => {
    const proxy = await proxyThat(() => undefined);
    const http = clientOf(acceptPart, { HTTPS_PROXY: proxy.url });
    const request = { method: 'GET', url: 'https://accounts.example/', headers: {}, deadline: 300 } as const;
    await expect(http.send(request)).rejects.toMatchObject({ reason: 'timeout', sent: 'no' });
    await http.close();
    await proxy.idle();
    await proxy.close();
  });

  it('names the proxy if it is unreachable', async () => {
    const proxy = await serveRaw(() => undefined);
    await proxy.close();
    const failure = { reason: 'proxy', sent: 'no' };
    await expect(get({ HTTPS_PROXY: proxy.url }, 'https://accounts.example/')).rejects.toMatchObject(failure);
  });

  it('does not use it for this machine', async () => {
    const server = await serve(json(200, {}));
    const proxy = await proxyThat((socket) => socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n'));
    const env = { HTTP_PROXY: proxy.url, HTTPS_PROXY: proxy.url };
    expect((await get(env, server.url)).status).toBe(200);
    expect(proxy.seen).toEqual([]);
    await Promise.all([proxy.close(), server.close()]);
  });

  it.each([['not a url with canary'], ['canary://user:canary@proxy:1']])(
    'refuses %s without showing it',
    async (proxy) => {
      const failure: unknown = await get({ HTTPS_PROXY: proxy }, 'https://accounts.example/').catch(
        (error: unknown) => error,
      );
      expect(failure).toMatchObject({ code: 'config_invalid' });
      expect(String(failure)).not.toContain('canary');
    },
  );
});
