import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { codeOf, VaultError } from '../domain/errors.js';
import { inQuotes } from '../domain/safe-text.js';
import type { Files } from '../system/contract.js';

/**
 * Events on their way into the trail, in files beside the security log. Whoever has the key and makes a change takes them
 * along; until then a line is worth what the file system is, except that one which was proved cannot be altered.
 */
export interface EventQueue {
  /**
   * Appends one line, and does not wait for the disk.
   *
   * @param canWait it can wait for the next change that anybody makes
   * @throws VaultError
   */
  put(body: string, canWait: boolean): void;
  /** Whether this process has left lines that it should bring into the trail itself. */
  readonly due: boolean;
  /**
   * Gives everything that waits. What is not called `done` is given again.
   *
   * @throws VaultError
   */
  take(): TakenEvents;
  /** Reads what waits and leaves it there. @throws VaultError */
  peek(): readonly string[];
  /** Bytes that wait; 0 when it cannot be told. */
  size(): number;
  /** Proves every line that is put from now on. @returns puts back the proof that was used before */
  prove(proof: (body: string) => string): () => void;
}

export interface TakenEvents {
  /** Each is a proof or `-`, a space, and the body. */
  readonly lines: readonly string[];
  /** They are in the trail, on disk. */
  done(): void;
}

const { O_APPEND, O_CREAT, O_WRONLY } = fs.constants;
/** Absent on Windows. */
const O_NOFOLLOW = fs.constants.O_NOFOLLOW ?? 0;
const PRIVATE_FILE = 0o600;
const QUEUE = 'queue';
/** In bytes. A queue that nobody ever takes, because there is no key here, has to end; the security log goes on. */
const LIMIT = 16 * 1024 * 1024;
const TRIES = 5;
/** Lines that can wait do so until there are so many bytes of them, which is about a thousand lines. */
const LONG = 256 * 1024;

/** See {@link EventQueue}: the file `queue`, and for each taking that is not done one of another name. */
export function eventQueue(folder: string, files: Files): EventQueue {
  const path = join(folder, QUEUE);
  let proof: (body: string) => string = () => '-';
  let checked = false;
  let due = false;

  function names(): readonly string[] {
    if (!files.exists(folder)) return [];
    const isQueue = (name: string) => name === QUEUE || /^queue\.[0-9a-f]{16}$/.test(name);
    return orUnusable(folder, () => fs.readdirSync(folder))
      .filter(isQueue)
      .sort()
      .reverse();
  }

  function linesOf(names: readonly string[]): readonly string[] {
    return names.flatMap((name) => {
      const text = files.read(join(folder, name), Number.MAX_SAFE_INTEGER)?.toString('latin1') ?? '';
      return text.split('\n').filter((line) => line !== '');
    });
  }

  return {
    prove(next) {
      const before = proof;
      proof = next;
      return () => {
        proof = before;
      };
    },

    get due() {
      return due;
    },

    put(body, canWait) {
      if (!checked) files.ensureFolder(folder);
      checked = true;
      const line = Buffer.from(`${proof(body)} ${body}\n`, 'latin1');
      // Whoever takes the queue renames it first. A line that was still written into the renamed file may be missed: once more.
      let size: number | null = null;
      for (let tries = 1; tries <= TRIES && size === null; tries += 1) size = appended(path, line, files);
      due ||= !canWait || (size ?? 0) > LONG;
    },

    take() {
      if (files.exists(path)) renamed(path, `${path}.${randomBytes(8).toString('hex')}`);
      const taken = names().filter((name) => name !== QUEUE);
      due = false;
      return {
        lines: linesOf(taken),
        done() {
          for (const name of taken) files.remove(join(folder, name));
        },
      };
    },

    peek: () => linesOf(names()),

    size() {
      try {
        return names().reduce((sum, name) => sum + fs.lstatSync(join(folder, name)).size, 0);
      } catch {
        return 0;
      }
    },
  };
}

/** @returns the size of the queue before; null when it was renamed meanwhile, so that the line may be missed */
function appended(path: string, line: Uint8Array, files: Files): number | null {
  files.check(path);
  let file: number | null = null;
  try {
    file = fs.openSync(path, O_CREAT | O_WRONLY | O_APPEND | O_NOFOLLOW, PRIVATE_FILE);
    const { ino, size } = fs.fstatSync(file);
    if (size > LIMIT) throw new Error('the queue is full');
    if (fs.writeSync(file, line) < line.length) throw new Error('the disk is full');
    return fs.lstatSync(path, { throwIfNoEntry: false })?.ino === ino ? size : null;
  } catch (failure) {
    throw unusable(path, failure);
  } finally {
    if (file !== null) fs.closeSync(file);
  }
}

function renamed(from: string, to: string): void {
  try {
    fs.renameSync(from, to);
  } catch (failure) {
    // Another process has just taken it.
    if (codeOf(failure) === 'ENOENT') return;
    throw unusable(from, failure);
  }
}

function orUnusable<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (failure) {
    throw unusable(path, failure);
  }
}

function unusable(path: string, cause: unknown): VaultError {
  return new VaultError('vault_not_writable', `${path} cannot be used`, {
    hint: `ls -ld ${inQuotes(path)}`,
    cause,
  });
}
