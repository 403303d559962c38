import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { endianness, networkInterfaces } from 'node:os';
import { afterEach, describe, expect, it } from 'vitest';
import { createTcpOwners } from '../../src/system/tcp.js';
import { needs } from '../harness/parts.js';

const ANOTHER = 61_001;
const OWN = process.getuid?.();
const hasIpv6 = Object.values(networkInterfaces()).some((entries) =>
  entries?.some(({ address }) => address === '::1'),
);

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function listening(host: string): Promise<{ server: Server; port: number }> {
  const server = createServer().listen(0, host);
  await once(server, 'listening');
  cleanups.push(() => server.close());
  return { server, port: (server.address() as AddressInfo).port };
}

/** What Node runs as another user, who lives until the test is over. Its first line is the answer. */
async function asAnother(script: string): Promise<{ child: ChildProcess; line: string }> {
  const child = spawn(process.execPath, ['-e', `const net = require('node:net');${script}`], {
    uid: ANOTHER,
    gid: ANOTHER,
    cwd: '/',
    env: {},
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  cleanups.push(() => child.kill());
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return { child, line: line.toString().trim() };
}

/** @returns both ends, as the side that took the connection sees them */
function ends(socket: Socket) {
  const { remoteAddress = '', remotePort = 0, localAddress = '', localPort = 0 } = socket;
  const plain = (address: string) => address.replace(/^::ffff:/, '');
  return [
    { address: plain(remoteAddress), port: remotePort },
    { address: plain(localAddress), port: localPort },
  ] as const;
}

describe.skipIf(process.platform !== 'linux')('the owner of the other end of a connection', () => {
  const families = [
    ['127.0.0.1', '127.0.0.1'],
    ['::', '127.0.0.1'],
    ['::1', '::1'],
  ] as const;

  it.each(families.filter(([host]) => host === '127.0.0.1' || hasIpv6))(
    'is known to a listener at %s for a client of %s',
    async (host, target) => {
      const { server, port } = await listening(host);
      connect(port, target).once('error', () => undefined);
      const [mine] = (await once(server, 'connection')) as [Socket];
      cleanups.push(() => mine.destroy());
      expect(await createTcpOwners(OWN).ofConnection(...ends(mine))).toBe(OWN);
    },
  );

  it('may be another user, and is unknown once it is closed', async (context) => {
    needs(context, 'another user', '/proc');
    const { server, port } = await listening('127.0.0.1');
    const arrival = once(server, 'connection') as Promise<[Socket]>;
    const { child } = await asAnother(`net.connect(${port}, '127.0.0.1', () => console.log('there'));`);
    const [theirs] = await arrival;
    cleanups.push(() => theirs.destroy());
    const owners = createTcpOwners(OWN);
    expect(await owners.ofConnection(...ends(theirs))).toBe(ANOTHER);
    const [end, other] = ends(theirs);
    expect(await owners.ofConnection(other, end)).toBe(OWN);
    const gone = once(theirs.resume(), 'end');
    child.kill();
    await gone;
    expect(await owners.ofConnection(end, other)).toBe('closed');
  });
});

describe.skipIf(process.platform !== 'linux')('the owner of a listening port', () => {
  const places = [
    ['127.0.0.1', '127.0.0.1'],
    ['0.0.0.0', '127.0.0.1'],
    ['::', '127.0.0.1'],
    ['::ffff:127.0.0.1', '127.0.0.1'],
    ['::1', '::1'],
    ['::', '::1'],
  ] as const;

  it.each(places.filter(([host]) => hasIpv6 || !host.includes(':')))(
    'at %s is known to a client of %s',
    async (host, address) => {
      const { port } = await listening(host);
      expect(await createTcpOwners(OWN).ofListeners({ address, port })).toEqual([OWN]);
    },
  );

  it('may be another user, or unknown', async (context) => {
    needs(context, 'another user', '/proc');
    const { line } = await asAnother(
      "const server = net.createServer().listen(0, '127.0.0.1', () => console.log(server.address().port));",
    );
    const owners = createTcpOwners(OWN);
    expect(await owners.ofListeners({ address: '127.0.0.1', port: Number(line) })).toEqual([ANOTHER]);
    const { server, port } = await listening('127.0.0.1');
    server.close();
    expect(await owners.ofListeners({ address: '127.0.0.1', port })).toEqual([]);
  });
});

describe.skipIf(endianness() !== 'LE')('the tables of the kernel', () => {
  const row = (local: string, remote: string, state: string, uid: number, inode: number) =>
    `   0: ${local} ${remote} ${state} 00000000:00000000 00:00000000 00000000 ${String(uid).padStart(5)}        0 ${inode} 2 0 20 0\n`;
  const owners = (tcp: string, tcp6 = '') =>
    createTcpOwners(OWN, async () => ({ tcp: `head\n${tcp}`, tcp6: `head\n${tcp6}` }));
  const here = { address: '127.0.0.1', port: 8_976 };
  const there = { address: '127.0.0.1', port: 50_000 };
  const [HERE, THERE, ANY] = ['0100007F:2310', '0100007F:C350', '00000000:0000'];

  it('show every user who shares the port', async () => {
    const shared = [1_001, 1_002, 1_001].map((uid) => row(HERE, ANY, '0A', uid, uid)).join('');
    expect(await owners(shared).ofListeners(here)).toEqual([1_001, 1_002]);
  });

  it('prefer the exact address to all addresses, as the kernel does', async () => {
    const both = row('00000000:2310', ANY, '0A', 1_002, 7) + row(HERE, ANY, '0A', 1_001, 8);
    expect(await owners(both).ofListeners(here)).toEqual([1_001]);
    expect(await owners(both).ofListeners({ ...here, address: '::1' })).toEqual([]);
  });

  it('show root, but not for a port that is no longer held', async () => {
    expect(await owners(row(HERE, THERE, '01', 0, 9)).ofConnection(here, there)).toBe(0);
    expect(await owners(row(HERE, THERE, '05', 0, 0)).ofConnection(here, there)).toBe('closed');
    expect(await owners(row(HERE, THERE, '05', 1_002, 0)).ofConnection(here, there)).toBe(1_002);
    expect(await owners(row(THERE, HERE, '01', 1_002, 9)).ofConnection(here, there)).toBeNull();
  });

  it('distinguish an end that was closed from one that is elsewhere', async () => {
    const listener = row(THERE, ANY, '0A', 1_002, 8);
    expect(await owners(listener).ofConnection(here, there)).toBe('closed');
    expect(await owners(listener + row(THERE, HERE, '09', 1_002, 9)).ofConnection(here, there)).toBe(
      'closed',
    );
    expect(await owners('').ofConnection(here, there)).toBeNull();
    const readings = [row(THERE, HERE, '01', 1_002, 9), listener];
    const meanwhile = createTcpOwners(OWN, async () => ({ tcp: `head\n${readings.shift()}`, tcp6: '' }));
    expect(await meanwhile.ofConnection(here, there)).toBe('closed');
  });

  it('that cannot be read show nothing', async () => {
    const blind = createTcpOwners(OWN, async () => null);
    expect(await blind.ofConnection(here, there)).toBeNull();
    expect(await blind.ofListeners(here)).toBeNull();
  });

  it('show nothing in a namespace where every user is 65534', async () => {
    const text = row(HERE, THERE, '01', 65_534, 9) + row(THERE, ANY, '0A', 65_534, 8);
    const unmapped = createTcpOwners(65_534, async () => ({ tcp: `head\n${text}`, tcp6: '' }));
    expect(await unmapped.ofConnection(here, there)).toBeNull();
    expect(await unmapped.ofListeners(there)).toBeNull();
    expect(await owners(text).ofListeners(there)).toEqual([65_534]);
  });

  it('are read once for concurrent callers, and again for later ones', async () => {
    let readings = 0;
    const counted = createTcpOwners(OWN, async () => {
      readings += 1;
      return { tcp: `head\n${row(HERE, ANY, '0A', readings, 9)}`, tcp6: '' };
    });
    const first = await Promise.all([1, 2, 3].map(() => counted.ofListeners(here)));
    expect([first, await counted.ofListeners(here), readings]).toEqual([[[1], [1], [1]], [2], 2]);
  });
});
