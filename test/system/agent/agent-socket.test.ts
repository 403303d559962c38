import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { askSocket, type SocketQuestion } from '../../../src/system/agent/agent-request.js';
import { type ServedAnswer, serveOnSocket } from '../../../src/system/agent/agent-server.js';
import { isOwnSocket } from '../../../src/system/agent/agent-socket-path.js';
import { createFiles } from '../../../src/system/files/files.js';

const uid = process.getuid?.() ?? 0;
const never = new AbortController().signal;

let [folder, path] = ['', ''];
let close: (() => unknown)[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vault-socket-'));
  path = join(folder, 'agent', 'agent.sock');
  close = [];
});
afterEach(async () => {
  for (const each of close) await each();
  rmSync(folder, { recursive: true, force: true });
});

const files = () => createFiles({ uid, pid: process.pid }, () => {});
const mode = (of: string) => (statSync(of).mode & 0o777).toString(8);
const HELLO: ServedAnswer = { status: 200, headers: {}, body: 'hello\n' };

async function serve(
  answer: () => Promise<ServedAnswer> = async () => HELLO,
): ReturnType<typeof serveOnSocket> {
  const server = await serveOnSocket(() => [path], files(), answer);
  close.push(server.cut, server.stop);
  return server;
}

/** A server that speaks no HTTP by itself. */
async function serveRaw(onSocket: (socket: Socket) => void): Promise<void> {
  mkdirSync(dirname(path), { mode: 0o700 });
  const open: Socket[] = [];
  const server = createServer((socket) => {
    open.push(socket.on('error', () => {}));
    onSocket(socket);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  close.push(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
}

const ask = (more: Partial<SocketQuestion> = {}) =>
  askSocket(path, { method: 'GET', target: '/', deadline: 20_000, signal: never, ...more });
const HELLO_READ = { status: 200, body: 'hello\n' };

describe('a usable socket', () => {
  it('is ours and closed to others, and so is its folder', async () => {
    expect(isOwnSocket(path, uid)).toBe(false);
    await serve();
    expect(isOwnSocket(path, uid)).toBe(true);
    expect([mode(path), mode(dirname(path))]).toEqual(['600', '700']);
    expect(isOwnSocket(path, uid + 1)).toBe(false);
    chmodSync(path, 0o602);
    expect(isOwnSocket(path, uid)).toBe(false);
    chmodSync(path, 0o600);
    chmodSync(dirname(path), 0o770);
    expect(isOwnSocket(path, uid)).toBe(false);
  });

  it('is not a file, and not a link to a socket', async () => {
    await serve();
    const link = join(dirname(path), 'link.sock');
    symlinkSync(path, link);
    expect(isOwnSocket(link, uid)).toBe(false);
    const file = join(dirname(path), 'file.sock');
    writeFileSync(file, '', { mode: 0o600 });
    expect(isOwnSocket(file, uid)).toBe(false);
  });
});

describe('the server on the socket', () => {
  it('sends headers that keep the answer out of every cache', async () => {
    await serve();
    const response = await new Promise<IncomingMessage>((resolve) => {
      get({ socketPath: path }, resolve);
    });
    expect(response.headers).toMatchObject({ 'content-length': '6', 'cache-control': 'no-store' });
    response.resume();
  });

  it('replaces the socket of a killed agent, and nothing else', async () => {
    await serveRaw(() => {});
    await serve();
    expect(await ask()).toEqual(HELLO_READ);
    const folder = dirname(path);
    path = join(folder, 'other.sock');
    writeFileSync(path, 'precious');
    await expect(serve()).rejects.toMatchObject({ code: 'vault_permissions' });
    expect(statSync(path).size).toBe(8);
  });

  it('closes its folder to others before it listens', async () => {
    mkdirSync(dirname(path), { mode: 0o777 });
    chmodSync(dirname(path), 0o777);
    await serve();
    expect(mode(dirname(path))).toBe('700');
  });

  it('is made again if its socket was removed', async () => {
    const server = await serve();
    rmSync(dirname(path), { recursive: true });
    expect(await ask()).toBeNull();
    await server.ensureSocket();
    await server.ensureSocket();
    expect(await ask()).toEqual(HELLO_READ);
  });

  it('is made again once others may open it, because our clients do not use it then', async () => {
    const server = await serve();
    for (const open of [() => chmodSync(path, 0o666), () => chmodSync(dirname(path), 0o755)]) {
      open();
      await server.ensureSocket();
      expect(isOwnSocket(path, uid)).toBe(true);
    }
  });

  it('that cannot be made again says why, and can still be stopped', async () => {
    const server = await serve();
    const held = connect(path);
    await expect.poll(() => held.readyState).toBe('open');
    rmSync(dirname(path), { recursive: true });
    writeFileSync(dirname(path), 'in the way');
    await expect(server.ensureSocket()).rejects.toMatchObject({ code: expect.stringMatching(/^vault_/) });
    await expect(server.ensureSocket()).rejects.toMatchObject({ code: expect.stringMatching(/^vault_/) });
    const stopped = server.stop();
    server.cut();
    await stopped;
  });

  it('answers waiting clients when it stops, and no others', async () => {
    let answer = (_: ServedAnswer) => {};
    const server = await serve(() => new Promise((resolve) => (answer = resolve)));
    const waiting = ask();
    await expect.poll(() => server.waiting).toBe(1);
    const stopped = server.stop();
    expect(existsSync(path)).toBe(false);
    expect(await ask()).toBeNull();
    answer(HELLO);
    expect(await waiting).toEqual(HELLO_READ);
    await stopped;
    expect(server.waiting).toBe(0);
  });

  it('is not held up by silent clients, and survives disconnected ones', async () => {
    let answer = (_: ServedAnswer) => {};
    const server = await serve(() => new Promise((resolve) => (answer = resolve)));
    const silent = connect(path);
    const gone = new AbortController();
    const asked = ask({ signal: gone.signal });
    await expect.poll(() => server.waiting).toBe(1);
    gone.abort(new Error('gone'));
    await expect(asked).rejects.toThrow('gone');
    answer(HELLO);
    await expect.poll(() => server.waiting).toBe(0);
    const stopped = server.stop();
    server.cut();
    await stopped;
    silent.destroy();
    expect(existsSync(path)).toBe(false);
  });
});

describe('the client of the socket', () => {
  it('reads an answer that comes in pieces', async () => {
    const pieces = [
      'HTTP/1.1 200 OK\r\nContent-',
      'Length: 4\r\n\r\n',
      'a',
      'b',
      Buffer.from([0xc3]),
      Buffer.from([0xbc]),
    ];
    await serveRaw(async (socket) => {
      for (const piece of pieces) {
        socket.write(piece);
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
      socket.end();
    });
    expect(await ask()).toEqual({ status: 200, body: 'abü' });
  });

  it.each([
    ['silence', ''],
    ['half an answer', 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc'],
  ])('fails on %s at its deadline', async (_, text) => {
    await serveRaw((socket) => void socket.write(text));
    expect(await ask({ deadline: 50 })).toBe('timeout');
  });

  it('states who asks in a header', async () => {
    let received = '';
    await serveRaw((socket) => {
      socket.on('data', (chunk) => {
        received += chunk;
        socket.end();
      });
    });
    expect(await ask({ client: '{"pid":7}' })).toBeNull();
    expect(received).toContain('\r\ntoken-vault-client: {"pid":7}\r\n');
  });

  it.each([
    ['another protocol', 'SSH-2.0-OpenSSH_9.2\r\n\r\n'],
    ['no length', 'HTTP/1.1 200 OK\r\n\r\nabc'],
    ['a length that is none', 'HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nabc'],
    ['an answer without end', `HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n${'a'.repeat(1_100_000)}`],
  ])('ignores %s', async (_, text) => {
    await serveRaw((socket) => void socket.end(text));
    expect(await ask()).toBeNull();
  });

  it('reports no listener, and a closed connection as no more than that', async () => {
    expect(await ask()).toBeNull();
    await serveRaw((socket) => socket.end());
    expect(await ask()).toBeNull();
  });
});
