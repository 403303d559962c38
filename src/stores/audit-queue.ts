import * as fs from 'node:fs';
import { join } from 'node:path';
import type { Files } from '../system/contract.js';
import { peekQueue, queueSize, takeQueue, unusableQueue } from './audit-queue-rest.js';

/**
 * Events on their way into the trail, in files beside the security log. The next process that has the key and makes a change moves
 * them into the trail. Until then only lines with a proof are protected against alteration.
 */
export interface EventQueue {
  /**
   * Appends one line without a sync.
   *
   * @param canWait for the next change by any process
   * @throws VaultError
   */
  put(body: string, canWait: boolean): void;
  /** Whether this process should move its lines into the trail itself. */
  readonly due: boolean;
  /** Takes all lines. Without `done` they are taken again. @throws VaultError */
  take(): TakenEvents;
  /** @throws VaultError */
  peek(): readonly string[];
  /** In bytes; 0 when unknown. */
  size(): number;
  /** Adds this proof to every line from now on. @returns restores the proof before */
  prove(proof: (body: string) => string): () => void;
}

export interface TakenEvents {
  /** Each is a proof or `-`, a space, and the body. */
  readonly lines: readonly string[];
  /** Deletes them: they are in the trail, on disk. */
  done(): void;
}

const { O_APPEND, O_CREAT, O_WRONLY } = fs.constants;
/** Absent on Windows. */
const O_NOFOLLOW = fs.constants.O_NOFOLLOW ?? 0;
const PRIVATE_FILE = 0o600;
/** In bytes. Without a key the queue is never taken, so it is limited; the security log is not. */
const LIMIT = 16 * 1024 * 1024;
const TRIES = 5;
/** In bytes, about a thousand lines: lines that can wait do so up to here. */
const LONG = 256 * 1024;

/** The file `queue`, and one `queue.<hex>` for each taking that is not done. */
export function eventQueue(folder: string, files: Files): EventQueue {
  const path = join(folder, 'queue');
  let proof: (body: string) => string = () => '-';
  let checked = false;
  let due = false;

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
      // Taking the queue renames it first. A line that went into the renamed file may be missed, so it is written again.
      let size: number | null = null;
      for (let tries = 1; tries <= TRIES && size === null; tries += 1) size = appended(path, line, files);
      due ||= !canWait || (size ?? 0) > LONG;
    },

    take() {
      due = false;
      return takeQueue(path, files);
    },

    peek: () => peekQueue(path, files),
    size: () => queueSize(path),
  };
}

/** @returns the size before; null when the file was renamed meanwhile, so that the line may be missed */
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
    throw unusableQueue(path, failure);
  } finally {
    if (file !== null) fs.closeSync(file);
  }
}
