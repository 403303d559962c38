import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { endianness } from 'node:os';
import type { TcpEnd, TcpOwners } from './contract.js';

/** The kernel's tables of IPv4 and of IPv6 connections (proc_pid_net(5)); null where they cannot be read. */
export type TcpTables = { readonly tcp: string; readonly tcp6: string } | null;

/** One reading of both: every row, by its two ends. */
type Reading = { readonly tcp: Rows; readonly tcp6: Rows } | null;
type Rows = ReadonlyMap<string, readonly string[]>;

/** An address as the two tables spell it; an IPv6 one is in the second alone. */
interface Spelling {
  readonly tcp: string | null;
  readonly tcp6: string;
}

const ESTABLISHED = '01';
const LISTENING = '0A';
const ROOT = 0;
/** What the kernel says of every user whom a user namespace does not know (user_namespaces(7)). */
const OVERFLOW = 65_534;
const ANY: Spelling = { tcp: hex(Array(4).fill(0)), tcp6: hex(Array(16).fill(0)) };

/**
 * Tells by the kernel's tables which user has an end of a loopback connection, or listens. One reading serves whoever
 * asked before it began, and one follows another, so that many who ask at once keep nobody busy.
 *
 * @param self the user id of this process. One that reads as 65534 looks like that of any other user, so that nothing is known
 */
export function createTcpOwners(
  self: number | undefined,
  read: () => Promise<TcpTables> = readTables,
): TcpOwners {
  let current: Promise<Reading> = Promise.resolve(null);
  let next: Promise<Reading> | null = null;
  const reading = () => {
    next ??= current.then(() => {
      next = null;
      current = read().then(indexed);
      return current;
    });
    return next;
  };
  return {
    async ofConnection(end, other) {
      const [local, remote] = [spelling(end.address), spelling(other.address)];
      if (local === null || remote === null || self === OVERFLOW) return null;
      // Twice, because a reading is not of one moment: the one end may close after the other was read.
      for (let tries = 1; tries <= 2; tries += 1) {
        const tables = await reading();
        if (tables === null) return null;
        const [row] = rows(tables, local, end.port, remote, other.port)[0] ?? [];
        if (row !== undefined) return owner(row) ?? 'nobody';
        const [[, , , state] = []] = rows(tables, remote, other.port, local, end.port)[0] ?? [];
        // A table without what listens here tells of nothing (in WSL 1 it is empty).
        if (state !== ESTABLISHED) return listeners(tables, other).length === 0 ? null : 'nobody';
      }
      return null;
    },
    async ofListeners(at) {
      const tables = await reading();
      if (tables === null || spelling(at.address) === null || self === OVERFLOW) return null;
      return [...new Set(listeners(tables, at).map((columns) => owner(columns) ?? ROOT))];
    },
  };
}

/** The rows of those who would get a connection to this address. */
function listeners(tables: NonNullable<Reading>, { address, port }: TcpEnd): readonly string[][] {
  const local = spelling(address);
  if (local === null) return [];
  const any = { ...ANY, tcp: local.tcp === null ? null : ANY.tcp };
  // The kernel prefers a socket at the very address to one at all of them, and then an IPv4 one (inet_lookup_listener).
  const found = [...rows(tables, local, port, any, 0), ...rows(tables, any, port, any, 0)]
    .map((table) => table.filter(([, , , state]) => state === LISTENING))
    .find((table) => table.length > 0);
  return found ?? [];
}

/** The rows with these ends, each as its columns, in the one table and in the other. */
function rows(
  tables: NonNullable<Reading>,
  local: Spelling,
  localPort: number,
  remote: Spelling,
  remotePort: number,
): (readonly string[][])[] {
  const kinds = (['tcp', 'tcp6'] as const).filter((kind) => local[kind] !== null && remote[kind] !== null);
  const key = (kind: 'tcp' | 'tcp6') =>
    `${local[kind]}:${portHex(localPort)} ${remote[kind]}:${portHex(remotePort)}`;
  return kinds
    .map((kind) => (tables[kind].get(key(kind)) ?? []).map((line) => line.trim().split(/\s+/)))
    .filter((found) => found.length > 0);
}

/** Once for all who ask, and without what is in TIME_WAIT (06): nobody has that, and in a flood it is nearly all. */
function indexed(tables: TcpTables): Reading {
  return tables === null ? null : { tcp: rowsOf(tables.tcp), tcp6: rowsOf(tables.tcp6) };
}

function rowsOf(table: string): Rows {
  const found = new Map<string, string[]>();
  const ends = /: ([\dA-F]+:[\dA-F]{4} [\dA-F]+:[\dA-F]{4}) (?!06)/;
  for (const line of table.split('\n')) {
    const key = ends.exec(line)?.[1];
    if (key === undefined) continue;
    const before = found.get(key);
    if (before === undefined) found.set(key, [line]);
    else before.push(line);
  }
  return found;
}

/**
 * The seventh column behind the number is the user, the ninth the inode. What no process holds any more (closed, or in TIME_WAIT) has no
 * inode, and before Linux 6.17 is said to be root's.
 */
function owner([, , , , , , , uid = '', , inode]: readonly string[]): number | null {
  if (!/^\d+$/.test(uid)) return null;
  return uid === String(ROOT) && inode === '0' ? null : Number(uid);
}

function spelling(address: string): Spelling | null {
  if (address === '::1') return { tcp: null, tcp6: hex([...Array(15).fill(0), 1]) };
  const bytes = address.split('.').map(Number);
  if (bytes.length !== 4) return null;
  // In the table of IPv6: ::ffff:0:0/96, RFC 4291 §2.5.5.2.
  return { tcp: hex(bytes), tcp6: hex([...Array(10).fill(0), 0xff, 0xff, ...bytes]) };
}

/** The kernel prints each 32 bits as one number of the machine: on most machines their bytes come backwards. */
function hex(bytes: readonly number[]): string {
  const inOrder = endianness() === 'LE' ? bytes.map((_, index) => bytes[index ^ 3] ?? 0) : bytes;
  return Buffer.from(inOrder).toString('hex').toUpperCase();
}

function portHex(port: number): string {
  return port.toString(16).toUpperCase().padStart(4, '0');
}

async function readTables(): Promise<TcpTables> {
  const text = (path: string) => readFile(path, 'latin1').catch(() => null);
  const [tcp, tcp6] = await Promise.all([text('/proc/net/tcp'), text('/proc/net/tcp6')]);
  // Without IPv6 the other table is missing.
  return tcp === null ? null : { tcp, tcp6: tcp6 ?? '' };
}

/** Whether a server could listen there now: it does, and leaves at once. */
export function portIsFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
