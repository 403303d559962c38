import { resolve } from 'node:path';
import type { Context } from '../context.js';
import { VaultError } from '../domain/errors.js';
import { quoted } from '../domain/safe-text.js';
import type { Io } from '../ui/io.js';

const LIMIT = 64 * 1024;

/**
 * A text that is not taken from the command line, where other users could read it. The line break at its end is left out.
 *
 * @param path `-`: stdin
 * @throws VaultError `usage` when there is no such file, or nothing in it; `vault_permissions`
 */
export async function readSecretText(
  { readNamed, interruption }: Pick<Context, 'readNamed' | 'interruption'>,
  io: Io,
  path: string,
): Promise<string> {
  const text = path === '-' ? await stdinOf(io, interruption) : await readNamed(resolve(path), LIMIT);
  const read = text?.toString('utf8').replace(/\r?\n$/, '') ?? null;
  if (read === null)
    throw new VaultError('usage', `${path} does not exist`, { hint: `ls -l ${quoted(path)}` });
  if (read.trim() !== '') return read;
  throw new VaultError('usage', path === '-' ? 'nothing came on stdin' : `${path} is empty`);
}

async function stdinOf(io: Io, signal: AbortSignal): Promise<string> {
  const lines: string[] = [];
  for await (const line of io.lines(signal)) lines.push(line);
  signal.throwIfAborted();
  return lines.join('\n');
}
