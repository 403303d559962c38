import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import type { TcpOwners } from '../../../src/system/contract.js';
import { createHttp, type HttpOptions } from '../../../src/system/http/http.js';
import { lookupLocalhost, loopbackGuard } from '../../../src/system/http/loopback-guard.js';
import { json, serve } from '../../doubles/local-server.js';
import { CLIENTS } from './clients.js';

const linux = process.platform === 'linux';
const root = process.getuid?.() === 0;
const NOBODY = 65_534;

const close: (() => unknown)[] = [];
afterEach(async () => {
  for (const each of close.splice(0)) await each();
});

/** Another user's server, which tells all it gets. */
async function foreignServer(host = '127.0.0.1') {
  const program = `require('net').createServer((socket) => socket.on('data', (data) => process.stdout.write(data)))
    .listen(0, '${host}', function () { console.log(this.address().port) })`;
  const child = spawn(process.execPath, ['-e', program], { uid: NOBODY, gid: NOBODY, cwd: '/' });
  let [said, wake] = ['', () => {}];
  child.stdout.on('data', (chunk) => {
    said += chunk;
    wake();
  });
  const ended = once(child, 'close');
  const stop = async () => {
    child.kill('SIGKILL');
    await ended;
  };
  close.push(stop);
  while (!said.includes('\n')) await new Promise<void>((resolve) => (wake = resolve));
  return { port: Number(said), received: () => said.slice(said.indexOf('\n') + 1), stop };
}

describe.runIf(linux).each(CLIENTS)('a request with a secret, by %s', (_, acceptPart) => {
  const send = (url: string, options: Partial<HttpOptions> = {}) => {
    const http = createHttp({ env: {}, ...options });
    close.push(() => http.close());
    const body = 'refresh_token=refresh-token-example';
    return http.send({ method: 'POST', url, headers: {}, body, acceptPart });
  };
  const NOT_SENT = { reason: 'foreign_listener', sent: 'no' };

  it.runIf(root)('is not sent to a port of this machine that another user holds', async () => {
    const server = await foreignServer();
    for (const host of ['127.0.0.1', 'localhost'])
      await expect(send(`http://${host}:${server.port}/token`)).rejects.toMatchObject(NOT_SENT);
    await server.stop();
    expect(server.received()).toBe('');
  });

  it.runIf(root)('is sent there if the user allows that origin', async () => {
    const server = await foreignServer();
    const origin = `http://127.0.0.1:${server.port}`;
    const asked: string[] = [];
    const allow = async (given: string) => {
      asked.push(given);
      return true;
    };
    const sent = send(`${origin}/token`, { insecureLoopback: allow });
    const failed = expect(sent).rejects.toMatchObject({ sent: 'maybe' });
    await expect.poll(() => server.received(), { timeout: 20_000 }).toContain('refresh-token-example');
    await server.stop();
    await failed;
    expect(asked).toEqual([origin]);
  });

  it('is sent to a server of this user, and to one of root', async () => {
    const server = await serve(json(200, { ok: true }));
    close.push(() => server.close());
    const never = () => Promise.resolve(false);
    const port = new URL(server.url).port;
    for (const host of ['127.0.0.1', 'localhost']) {
      const answer = await send(`http://${host}:${port}/`, { insecureLoopback: never });
      expect(answer.status).toBe(200);
    }
    const other = send(`${server.url}/`, { uid: 61_001 });
    if (root) expect((await other).status).toBe(200);
    else await expect(other).rejects.toMatchObject(NOT_SENT);
  });
});

describe('the listener at the other end of a connection', () => {
  const UID = 1_000;
  const judged = async (listening: readonly number[] | null, accepted: number | null, allow = false) => {
    const owners: TcpOwners = {
      ofListeners: async () => listening,
      ofConnection: async () => accepted,
      inodeOf: async () => null,
    };
    const [server, socket] = await connection();
    const guard = loopbackGuard({ uid: UID, owners, allowed: async () => allow });
    const code = await guard(socket, 'http://127.0.0.1:1').then(
      () => 'trusted',
      (failure: { code: string }) => failure.code,
    );
    socket.destroy();
    server.close();
    return code;
  };
  const connection = async (): Promise<[Server, Socket]> => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const socket = connect(server.address() as { port: number });
    await once(socket, 'connect');
    return [server, socket];
  };

  it.each([
    ['trusted', [UID], null],
    ['trusted', [0], UID],
    // Its listener is closed, as of a server for one connection.
    ['trusted', [], UID],
    ['LISTENER_FOREIGN', [1_001], null],
    ['LISTENER_FOREIGN', [UID, 1_001], UID],
    // Accepted by one who has closed their port, which somebody trusted took then.
    ['LISTENER_FOREIGN', [UID], 1_001],
    ['LISTENER_UNKNOWN', [], null],
    ['LISTENER_UNKNOWN', null, null],
  ])('is %s if %j listens and %j has accepted', async (expected, listening, accepted) => {
    expect(await judged(listening, accepted)).toBe(expected);
    expect(await judged(listening, accepted, true)).toBe('trusted');
  });

  it('is not checked if the other end has closed the connection', async () => {
    const [server, socket] = await connection();
    socket.destroy();
    const owners: TcpOwners = {
      ofListeners: async () => [UID],
      ofConnection: async () => UID,
      inodeOf: async () => null,
    };
    const guard = loopbackGuard({ uid: UID, owners, allowed: async () => true });
    await expect(guard(socket, 'http://127.0.0.1:1')).rejects.toMatchObject({ code: 'ECONNRESET' });
    server.close();
  });
});

describe('localhost', () => {
  it('is this machine whatever a resolver returns, IPv4 first', async () => {
    const all = promisify(lookupLocalhost) as (host: string, options: object) => Promise<unknown>;
    expect(await all('localhost', { all: true })).toEqual([
      { address: '127.0.0.1', family: 4 },
      { address: '::1', family: 6 },
    ]);
    expect(await all('localhost', {})).toBe('127.0.0.1');
    expect(await all('127.0.0.2', {})).toBe('127.0.0.2');
  });
});
