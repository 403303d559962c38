import * as fs from 'node:fs';
import { codeOf } from '../../domain/errors.js';
import { notWritable } from './file-failure.js';
import { lstatOrNull } from './trusted-path.js';

/* Files that come into being or go away, and names that must survive a crash. */

const { O_CREAT, O_EXCL, O_RDONLY, O_RDWR } = fs.constants;
/** Absent on Windows. */
const O_NOFOLLOW = fs.constants.O_NOFOLLOW ?? 0;
const PRIVATE_FILE = 0o600;
/** A rotation takes less than a millisecond; a lock older than this was left by a killed process. */
const STALE_LOCK_MS = 10_000;

/** Creates, writes and syncs. @returns false when the name is taken */
export function createNew(path: string, content: Uint8Array): boolean {
  let descriptor: number;
  try {
    descriptor = fs.openSync(path, O_CREAT | O_EXCL | O_RDWR | O_NOFOLLOW, PRIVATE_FILE);
  } catch (failure) {
    if (codeOf(failure) === 'EEXIST') return false;
    throw notWritable(path, failure);
  }
  try {
    fs.writeFileSync(descriptor, content);
    fs.fsyncSync(descriptor);
  } catch (failure) {
    remove(path);
    throw notWritable(path, failure);
  } finally {
    fs.closeSync(descriptor);
  }
  return true;
}

export function remove(path: string): void {
  try {
    fs.rmSync(path, { force: true });
  } catch (failure) {
    throw notWritable(path, failure);
  }
}

/** Only one of the processes that see a full file rotates it, or the oldest files would be lost. The others append. */
export function rotateLocked(path: string, more: number, limit: number, keep: number): void {
  const turn = `${path}.rotating`;
  if (!createNew(turn, new Uint8Array())) {
    const age = Date.now() - (lstatOrNull(turn)?.mtimeMs ?? Date.now());
    // Left by a killed process; the next caller rotates.
    if (Math.abs(age) > STALE_LOCK_MS) remove(turn);
    return;
  }
  try {
    if ((lstatOrNull(path)?.size ?? 0) + more > limit) rotate(path, keep);
  } finally {
    remove(turn);
  }
}

function rotate(path: string, keep: number): void {
  for (let index = keep - 1; index >= 1; index -= 1) {
    const from = index === 1 ? path : `${path}.${index - 1}`;
    try {
      fs.renameSync(from, `${path}.${index}`);
    } catch (failure) {
      // Fewer files yet, or another process was faster.
      if (codeOf(failure) !== 'ENOENT') throw failure;
    }
  }
}

/** A new name is durable only once its folder is synced; Windows needs no such call. */
export function syncFolder(path: string): void {
  let descriptor: number;
  try {
    descriptor = fs.openSync(path, O_RDONLY);
  } catch {
    return;
  }
  try {
    fs.fsyncSync(descriptor);
  } catch (failure) {
    if (!['EPERM', 'EINVAL', 'EISDIR', 'EACCES'].includes(codeOf(failure))) throw notWritable(path, failure);
  } finally {
    fs.closeSync(descriptor);
  }
}
