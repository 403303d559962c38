import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { codeOf, VaultError } from '../domain/errors.js';
import { inQuotes } from '../domain/safe-text.js';
import type { Files } from '../system/contract.js';

/* Reading and taking the queue. @param path of the file that lines are appended to */

/** Renames the file, so that later lines go into a new one. `done` deletes what was taken. */
export function takeQueue(path: string, files: Files) {
  // Mostly there is none, and every change looks.
  let there = names(path);
  if (there.includes(basename(path))) {
    renamed(path, `${path}.${randomBytes(8).toString('hex')}`);
    there = names(path);
  }
  const taken = there.filter((name) => name !== basename(path));
  return {
    lines: linesOf(path, taken, files),
    done() {
      for (const name of taken) files.remove(join(dirname(path), name));
    },
  };
}

export function peekQueue(path: string, files: Files): readonly string[] {
  return linesOf(path, names(path), files);
}

/** In bytes; 0 when unknown. */
export function queueSize(path: string): number {
  try {
    return names(path).reduce((sum, name) => sum + fs.lstatSync(join(dirname(path), name)).size, 0);
  } catch {
    return 0;
  }
}

/** The queue, and what was taken of it and not deleted. */
function names(path: string): readonly string[] {
  const queue = basename(path);
  const isQueue = (name: string) =>
    name === queue || (name.startsWith(`${queue}.`) && /^[0-9a-f]{16}$/.test(name.slice(queue.length + 1)));
  try {
    return fs.readdirSync(dirname(path)).filter(isQueue).sort().reverse();
  } catch (failure) {
    if (codeOf(failure) === 'ENOENT') return [];
    throw unusableQueue(dirname(path), failure);
  }
}

function linesOf(path: string, names: readonly string[], files: Files): readonly string[] {
  return names.flatMap((name) => {
    const text = files.read(join(dirname(path), name), Number.MAX_SAFE_INTEGER)?.toString('latin1') ?? '';
    return text.split('\n').filter((line) => line !== '');
  });
}

function renamed(from: string, to: string): void {
  try {
    fs.renameSync(from, to);
  } catch (failure) {
    // Another process has taken it.
    if (codeOf(failure) === 'ENOENT') return;
    throw unusableQueue(from, failure);
  }
}

export function unusableQueue(path: string, cause: unknown): VaultError {
  return new VaultError('vault_not_writable', `${path} cannot be used`, {
    hint: `ls -ld ${inQuotes(path)}`,
    cause,
  });
}
