import * as fs from 'node:fs';
import { dirname } from 'node:path';
import { codeOf, VaultError } from '../../domain/errors.js';
import { inQuotes } from '../../domain/safe-text.js';
import { notWritable } from './file-failure.js';
import { linkOrRename } from './temp-files.js';
import { lstatOrNull } from './trusted-path.js';

/* Files that come into being or go away, and names that must survive a crash. */

const { O_CREAT, O_EXCL, O_RDONLY, O_RDWR } = fs.constants;
/** Absent on Windows. */
const O_NOFOLLOW = fs.constants.O_NOFOLLOW ?? 0;
const PRIVATE_FILE = 0o600;
/** A rotation takes less than a millisecond; a lock older than this was left by a killed process. */
const STALE_LOCK_MS = 10_000;

/** Writes and syncs a temporary file. */
function writeBeside(beside: string, content: Uint8Array): void {
  remove(beside);
  if (!createNew(beside, content)) throw notWritable(beside, null);
}

/** @param beside a temporary name @returns false when the name is taken */
export function createFile(path: string, content: Uint8Array, beside: string): boolean {
  if (lstatOrNull(path) !== null) return false;
  if (content.length > 0) {
    writeBeside(beside, content);
    return publishFile(beside, path);
  }
  if (!createNew(path, content)) return false;
  syncFolder(dirname(path));
  return true;
}

/** @param beside a temporary name */
export function replaceFile(path: string, content: Uint8Array, beside: string): void {
  writeBeside(beside, content);
  try {
    fs.renameSync(beside, path);
  } catch (failure) {
    remove(beside);
    throw notWritable(path, failure);
  }
  syncFolder(dirname(path));
}

/** Gives a complete file its name. @returns false when the name is taken */
export function publishFile(from: string, to: string): boolean {
  let named = false;
  try {
    named = linkOrRename(from, to);
  } finally {
    remove(from);
  }
  if (named) syncFolder(dirname(to));
  return named;
}

/** @param notice called when the mode was changed */
export function tighten(path: string, mode: number, notice: (line: string) => void): void {
  try {
    fs.chmodSync(path, mode);
    notice(`${path} was open to other users; its mode is now ${mode.toString(8)}`);
  } catch (failure) {
    // Another process has removed it since, as SQLite does with its journal.
    if (codeOf(failure) === 'ENOENT') return;
    throw new VaultError(
      'vault_permissions',
      `${path} is open to other users, and its mode could not be changed`,
      { hint: `chmod ${mode.toString(8)} ${inQuotes(path)}`, cause: failure },
    );
  }
}

/** Creates and writes. @returns false when the name is taken */
export function createNew(path: string, content: Uint8Array, synced = true): boolean {
  let descriptor: number;
  try {
    descriptor = fs.openSync(path, O_CREAT | O_EXCL | O_RDWR | O_NOFOLLOW, PRIVATE_FILE);
  } catch (failure) {
    if (codeOf(failure) === 'EEXIST') return false;
    throw notWritable(path, failure);
  }
  try {
    fs.writeFileSync(descriptor, content);
    if (synced) fs.fsyncSync(descriptor);
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
