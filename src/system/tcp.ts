import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { endianness } from 'node:os';
import type { TcpEnd, TcpOwners } from './contract.js';

/** The kernel's tables of IPv4 and IPv6 connections (proc_pid_net(5)); null when they cannot be read. */
export type TcpTables = { readonly tcp: string; readonly tcp6: string } | null;

/** The rows of one reading, by their two ends. */
type Reading = { readonly tcp: Rows; readonly tcp6: Rows } | null;
type Rows = ReadonlyMap<string, readonly string[]>;

/** An address as each table spells it; an IPv6 one is only in the second. */
interface Spelling {
  readonly tcp: string | null;
  readonly tcp6: string;
}

const ESTABLISHED = '01';
const LISTENING = '0A';
const ROOT = 0;
/** The column of a socket's inode. */
const INODE = 9;
/** The id of every user unknown to a user namespace (user_namespaces(7)). */
const OVERFLOW = 65_534;
const ANY: Spelling = { tcp: hex(Array(4).fill(0)), tcp6: hex(Array(16).fill(0)) };

/**
 * Finds the users of loopback connections and listeners in the kernel's tables. Callers that ask before a reading begins
 * share it, and readings run one at a time, so that many callers cost little.
 *
 * @param self the user id of this process. If it is 65534, other users may look the same, so nothing is known
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
      // Twice, because the tables are not read in one moment: one end may close after the other was read.
      for (let tries = 1; tries <= 2; tries += 1) {
        const tables = await reading();
        if (tables === null) return null;
        const [row] = rows(tables, local, end.port, remote, other.port)[0] ?? [];
        if (row !== undefined) return owner(row) ?? 'closed';
        const [[, , , state] = []] = rows(tables, remote, other.port, local, end.port)[0] ?? [];
        // Without our own listener in it the table is useless (in WSL 1 it is empty).
        if (state !== ESTABLISHED) return listeners(tables, other).length === 0 ? null : 'closed';
      }
      return null;
    },
    async inodeOf(end, other) {
      const [local, remote] = [spelling(end.address), spelling(other.address)];
      const tables = await reading();
      if (tables === null || local === null || remote === null) return null;
      const [row] = rows(tables, local, end.port, remote, other.port)[0] ?? [];
      return row?.[INODE] ?? null;
    },
    async ofListeners(at) {
      const tables = await reading();
      if (tables === null || spelling(at.address) === null || self === OVERFLOW) return null;
      return [...new Set(listeners(tables, at).map((columns) => owner(columns) ?? ROOT))];
    },
  };
}

/** The listeners that would get a connection to this address. */
function listeners(tables: NonNullable<Reading>, { address, port }: TcpEnd): readonly string[][] {
  const local = spelling(address);
  if (local === null) return [];
  const any = { ...ANY, tcp: local.tcp === null ? null : ANY.tcp };
  // The kernel prefers a socket at the exact address to one at all addresses, and then an IPv4 one
  // (inet_lookup_listener).
  const found = [...rows(tables, local, port, any, 0), ...rows(tables, any, port, any, 0)]
    .map((table) => table.filter(([, , , state]) => state === LISTENING))
    .find((table) => table.length > 0);
  return found ?? [];
}

/** The rows with these ends, as columns, of each table. */
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

/** Without TIME_WAIT (06), which has no owner and is nearly everything in a flood. */
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
 * Column 7 after the number is the user, column 9 the inode. A closed connection has no inode, and before Linux 6.17
 * appears as root's.
 */
function owner([, , , , , , , uid = '', , inode]: readonly string[]): number | null {
  if (!/^\d+$/.test(uid)) return null;
  return uid === String(ROOT) && inode === '0' ? null : Number(uid);
}

function spelling(address: string): Spelling | null {
  if (address === '::1') return { tcp: null, tcp6: hex([...Array(15).fill(0), 1]) };
  const bytes = address.split('.').map(Number);
  if (bytes.length !== 4) return null;
  // In the IPv6 table: ::ffff:0:0/96, RFC 4291 §2.5.5.2.
  return { tcp: hex(bytes), tcp6: hex([...Array(10).fill(0), 0xff, 0xff, ...bytes]) };
}

/** The kernel prints each 32 bits as a number in host byte order. */
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
  // Without IPv6 the second table is missing.
  return tcp === null ? null : { tcp, tcp6: tcp6 ?? '' };
}

/** Whether a server could listen there now; tries it. */
export function portIsFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
