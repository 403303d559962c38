import * as fs from 'node:fs';
import { closeSync, fstatSync, readFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { isatty } from 'node:tty';
import { codeOf, VaultError } from '../../domain/errors.js';
import { inQuotes } from '../../domain/safe-text.js';
import { lstatOrNull } from './trusted-path.js';

/** Absent on Windows. */
const O_NOFOLLOW = fs.constants.O_NOFOLLOW ?? 0;
/** Others may read nothing, a group may only read: 0400, or 0440 where systemd uses the user's group. */
const TOO_OPEN = 0o037;

/**
 * Reads a credential that the service manager made and may own: it is checked and not changed.
 *
 * @param uid ours; undefined on Windows
 * @returns null when there is no such file
 * @throws VaultError `vault_permissions`; `key_unavailable` when it may not be read; `key_wrong` when it is too large
 */
export function readCredential(path: string, limit: number, uid: number | undefined): Buffer | null {
  if (lstatOrNull(path) === null) return null;
  const descriptor = open(path);
  try {
    const stats = fs.fstatSync(descriptor);
    if (!stats.isFile()) throw unsafe(path, 'is not a regular file');
    if (uid !== undefined && stats.uid !== 0 && stats.uid !== uid)
      throw unsafe(path, 'belongs to another user');
    if (uid !== undefined && (stats.mode & TOO_OPEN) !== 0)
      throw unsafe(path, 'is open to other users', `chmod 400 ${inQuotes(path)}`);
    if (stats.size > limit) {
      throw new VaultError(
        'key_wrong',
        `the credential ${path} does not contain a master key: it is too large`,
        { hint: 'make the credential again, from the 43 characters of the key' },
      );
    }
    return fs.readFileSync(descriptor);
  } finally {
    fs.closeSync(descriptor);
  }
}

function open(path: string): number {
  try {
    return fs.openSync(path, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK | O_NOFOLLOW);
  } catch (failure) {
    if (codeOf(failure) === 'ELOOP') throw unsafe(path, 'is a symbolic link');
    throw new VaultError('key_unavailable', `the credential ${path} cannot be read`, {
      hint: `run as the user the service runs as; see: ls -l ${inQuotes(path)}`,
      cause: failure,
    });
  }
}

function unsafe(path: string, what: string, step = `see: ls -ld ${inQuotes(path)}`): VaultError {
  return new VaultError('vault_permissions', `the credential ${path} ${what}`, {
    hint: `systemd makes it with mode 0400; ${step}`,
  });
}

export type DescriptorText =
  | { readonly kind: 'line'; readonly text: string }
  | { readonly kind: 'not_open' | 'terminal' | 'too_long' | 'timed_out' };

/**
 * Reads the first line from an open descriptor and closes it. A pipe is read through the event loop, because a blocked
 * thread could not be ended.
 *
 * @param limit bytes
 * @param timeout milliseconds
 */
export async function readDescriptor(
  descriptor: number,
  limit: number,
  timeout: number,
): Promise<DescriptorText> {
  try {
    const stats = fstatSync(descriptor);
    if (isatty(descriptor)) return { kind: 'terminal' };
    if (stats.isFIFO() || stats.isSocket()) return await readPipe(descriptor, limit, timeout);
    if (stats.isFile() && stats.size > limit) return { kind: 'too_long' };
    const content = readFileSync(descriptor);
    closeSync(descriptor);
    return firstLine([content], limit);
  } catch {
    return { kind: 'not_open' };
  }
}

function readPipe(descriptor: number, limit: number, timeout: number): Promise<DescriptorText> {
  return new Promise((resolve) => {
    const socket = new Socket({ fd: descriptor, readable: true, writable: false });
    const chunks: Buffer[] = [];
    let size = 0;
    const settle = (outcome: DescriptorText) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(outcome);
    };
    const timer = setTimeout(() => settle({ kind: 'timed_out' }), timeout);
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      size += chunk.length;
      if (size > limit || chunk.includes('\n')) settle(firstLine(chunks, limit));
    });
    socket.on('end', () => settle(firstLine(chunks, limit)));
    socket.on('error', () => settle({ kind: 'not_open' }));
  });
}

function firstLine(chunks: readonly Buffer[], limit: number): DescriptorText {
  const bytes = Buffer.concat(chunks);
  const end = bytes.indexOf('\n');
  const line = end === -1 ? bytes : bytes.subarray(0, end);
  const text = line.toString('utf8').replace(/\r$/, '');
  const outcome: DescriptorText = line.length > limit ? { kind: 'too_long' } : { kind: 'line', text };
  for (const chunk of [...chunks, bytes]) chunk.fill(0);
  return outcome;
}
