import { once } from 'node:events';
import { chownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findSessionBus } from '../../../src/system/keychain/linux.js';
import { keychainStage } from '../../doubles/keychain-host.js';
import { needs } from '../../harness/parts.js';
import { startSessionBus } from '../../harness/session-bus.js';

let folder: string;
let servers: Server[] = [];
const uid = process.getuid?.() ?? 0;

beforeEach((context) => {
  if (process.platform === 'win32') context.skip('only on systems with Unix sockets');
  folder = mkdtempSync(join(tmpdir(), 'vault-bus-'));
});
afterEach(() => {
  for (const server of servers) server.close();
  servers = [];
  rmSync(folder, { recursive: true });
});

async function listen(path: string, greet: (socket: Socket) => void = () => {}): Promise<string> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    greet(socket);
  }).listen(path);
  servers.push(server);
  await once(server, 'listening');
  return path;
}

const named = (address: string) => findSessionBus({ env: { DBUS_SESSION_BUS_ADDRESS: address }, uid });

describe('the session bus', () => {
  it.each([
    ['unix:path=/run/user/1000/bus', '/run/user/1000/bus'],
    ['unix:guid=0123,path=/tmp/dbus%2dx%c3%a4', '/tmp/dbus-xä'],
    ['unix:abstract=/tmp/dbus-1,guid=0123', '\0/tmp/dbus-1'],
    ['tcp:host=localhost,port=1;unix:path=/tmp/second', '/tmp/second'],
    ['tcp:host=localhost,port=1', null],
    ['autolaunch:', null],
  ])('with the address %j has the socket %j', (address, socket) => {
    expect(named(address)).toEqual({ address, socket });
  });

  it('that no variable names is found in the folder of the user', async () => {
    const runtime = join(folder, 'a b');
    mkdirSync(runtime);
    await listen(join(runtime, 'bus'));
    const socket = join(runtime, 'bus');
    for (const given of [undefined, '']) {
      const env = { XDG_RUNTIME_DIR: runtime, DBUS_SESSION_BUS_ADDRESS: given };
      expect(findSessionBus({ env, uid })).toEqual({
        address: `unix:path=${folder}/a%20b/bus`,
        socket,
      });
    }
  });

  it('of another user, or without a socket, is not used', async (context) => {
    if (uid !== 0) context.skip('needs root');
    const env = { XDG_RUNTIME_DIR: folder };
    const path = join(folder, 'bus');
    writeFileSync(path, '');
    expect(findSessionBus({ env, uid })).toBeNull();
    rmSync(path);
    symlinkSync(await listen(join(folder, 'real')), path);
    expect(findSessionBus({ env, uid })).toBeNull();
    rmSync(path);
    await listen(path);
    expect(findSessionBus({ env, uid })).not.toBeNull();
    chownSync(path, 1, 1);
    expect(findSessionBus({ env, uid })).toBeNull();
  });
});

describe('without a session bus the keychain', () => {
  const read = (env: Readonly<Record<string, string>>, more = {}) =>
    keychainStage({ env, ...more }).keychain.read('token-vault', 'example');
  const at = (path: string) => ({ DBUS_SESSION_BUS_ADDRESS: `unix:path=${path}` });

  it('reports where a bus was searched for', async () => {
    await expect(read({ XDG_RUNTIME_DIR: folder }, { uid: 4711 })).rejects.toMatchObject({
      kind: 'bus_missing',
      about: expect.stringContaining(`${folder}/bus or /run/user/4711/bus`),
    });
  });

  it('reports whose bus it is after sudo to root', async () => {
    await expect(read({ SUDO_USER: 'ada', XDG_RUNTIME_DIR: folder }, { uid: 0 })).rejects.toMatchObject({
      kind: 'bus_missing',
      about: expect.stringContaining('belongs to ada'),
      remedy: 'run it as ada, without sudo',
    });
  });

  it.each([
    ['nothing listens', 'bus_missing', 'does not answer', null],
    ['it turns us away', 'bus_missing', 'refuses this user', (socket: Socket) => socket.end('REJECTED\r\n')],
    ['it hangs up', 'bus_missing', 'refuses this user', (socket: Socket) => socket.destroy()],
    ['it never answers', 'timed_out', 'within 0.25 seconds', () => {}],
    [
      'it is no bus',
      'unavailable',
      'broke off, or is not a message bus',
      (socket: Socket) => socket.write('OK\x20\r\nHTTP/1.1 400 Bad'),
    ],
    [
      'it babbles',
      'unavailable',
      'broke off, or is not a message bus',
      (socket: Socket) => socket.write('x'.repeat(20_000)),
    ],
  ])('fails because %s', async (_, kind, about, greet) => {
    const path = join(folder, 'socket');
    if (greet !== null) await listen(path, greet);
    await expect(read(at(path), { timeouts: { alone: 250, interactive: 250 } })).rejects.toMatchObject({
      kind,
      about: expect.stringContaining(about),
    });
  });

  it('fails because the bus has no Secret Service', async (context) => {
    needs(context, 'D-Bus');
    const bus = await startSessionBus(join(folder, 'run'));
    try {
      await expect(read(bus.env)).rejects.toMatchObject({
        kind: 'unavailable',
        about: 'nothing on the session bus offers org.freedesktop.secrets',
      });
    } finally {
      await bus.stop();
    }
  });
});
