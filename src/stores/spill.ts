import * as fs from 'node:fs';
import { join } from 'node:path';
import { HOUR } from '../domain/duration.js';
import { codeOf, VaultError } from '../domain/errors.js';
import { inQuotes } from '../domain/safe-text.js';
import type { Clock, Files } from '../system/contract.js';

export interface SpilledAnswer {
  /** For a new login: an unused id. */
  readonly accountId: string;
  /** The generation from which the refresh started; null for a login. */
  readonly generation: number | null;
  readonly sealed: Uint8Array;
}

/** Space for one answer, on disk before the request is sent. */
export interface SpillSlot {
  /** The maximum size of a sealed answer. */
  readonly space: number;
  /** Synced when it returns. @throws VaultError `vault_not_writable`, also when it is too large */
  write(answer: SpilledAnswer): void;
  release(): void;
}

export interface FoundAnswer extends SpilledAnswer {
  /** The file, which may hold other answers as well. */
  readonly path: string;
  /** Overwrites the answer, once it was committed or is useless. */
  clear(): void;
}

/** Keeps sealed answers that could not be committed: a full disk must not cost a rotated refresh token. */
export interface Spill {
  /** Makes room for more when every slot is taken. @throws VaultError `vault_not_writable`: then nothing must be sent */
  reserve(): SpillSlot;
  /** Answers for this account from earlier processes. Call it only under the account's lock. */
  find(accountId: string): readonly FoundAnswer[];
  /** All answers from earlier processes. */
  all(): readonly FoundAnswer[];
  close(): void;
}

/*
 * A spill file is written and synced before a refresh token is sent, so that there is space for the answer even if the disk is full
 * by then: overwriting needs no new blocks. Each process has its own file, and each refresh in flight a slot in it. The file grows
 * with the number of refreshes in flight.
 *
 *     slot: state(1) 0 empty, 1 full | account id(36, ASCII) | generation(8, BE) | length(4, BE) | sealed bytes
 */
const SLOT_BYTES = 64 * 1024;
const ID_BYTES = 36;
const HEADER_BYTES = 1 + ID_BYTES + 8 + 4;
const SPACE = SLOT_BYTES - HEADER_BYTES;
const SUFFIX = '.spill';
const EMPTY = 0;
const FULL = 1;
/** In place of the generation, which starts at 1. */
const LOGIN = 0;
/** Absent on Windows. */
const O_NOFOLLOW = fs.constants.O_NOFOLLOW ?? 0;
/** An empty file older than this belongs to a process that was killed. */
const LEFTOVER_AGE = HOUR;

export interface SpillOptions {
  readonly folder: string;
  readonly files: Files;
  /** Unique to this process. */
  readonly name: string;
  /** How many are made at a time. */
  readonly slots: number;
  readonly clock: Clock;
}

export function spillFolder({ folder, files, name, slots, clock }: SpillOptions): Spill {
  const path = join(folder, `${name}${SUFFIX}`);
  let descriptor: number | null = null;
  const free = new Set<number>();
  let made = 0;
  let kept = false;

  function opened(): number {
    if (descriptor !== null) return descriptor;
    files.ensureFolder(folder);
    if (!files.create(path, Buffer.alloc(SLOT_BYTES * slots))) {
      throw new VaultError('vault_not_writable', `${path} already exists`);
    }
    descriptor = fs.openSync(path, fs.constants.O_RDWR | O_NOFOLLOW);
    addSlots();
    removeEmptyLeftovers(folder, files, path, clock.now());
    return descriptor;
  }

  function addSlots(): void {
    for (let index = made; index < made + slots; index += 1) free.add(index);
    made += slots;
  }

  function takeSlot(file: number): number {
    if (free.size === 0) {
      const full = `nothing was sent, because there is no space for the answer in ${path}`;
      writeAt(file, Buffer.alloc(SLOT_BYTES * slots), made * SLOT_BYTES, full);
      addSlots();
    }
    const index = Math.min(...free);
    free.delete(index);
    return index;
  }

  /** A file that this process made holds only what it wrote. */
  const found = () =>
    spillFiles(folder, files)
      .filter((file) => file !== path || descriptor === null || kept)
      .flatMap((file) => fullSlots(file, files));

  return {
    reserve(): SpillSlot {
      const file = opened();
      const index = takeSlot(file);
      let holdsAnswer = false;
      return {
        space: SPACE,
        write(answer) {
          if (answer.sealed.length > SPACE) throw tooLarge();
          holdsAnswer = true;
          kept = true;
          writeSlot(file, index, answer);
        },
        release() {
          if (!holdsAnswer) free.add(index);
        },
      };
    },
    find: (accountId) => found().filter((answer) => answer.accountId === accountId),
    all: found,
    close() {
      if (descriptor === null) return;
      fs.closeSync(descriptor);
      descriptor = null;
      if (!kept) files.remove(path);
    },
  };
}

function writeSlot(file: number, index: number, { accountId, generation, sealed }: SpilledAnswer): void {
  const bytes = Buffer.alloc(HEADER_BYTES + sealed.length);
  bytes.writeUInt8(FULL, 0);
  bytes.write(accountId, 1, ID_BYTES, 'latin1');
  bytes.writeBigInt64BE(BigInt(generation ?? LOGIN), 1 + ID_BYTES);
  bytes.writeUInt32BE(sealed.length, 9 + ID_BYTES);
  bytes.set(sealed, HEADER_BYTES);
  writeAt(file, bytes, index * SLOT_BYTES);
}

function tooLarge(): VaultError {
  return new VaultError('vault_not_writable', 'the answer is too large for the reserved space', {
    hint: 'log in again with fewer scopes',
  });
}

const UNWRITABLE = 'the reserved space for the answer cannot be written either';

/** @throws VaultError with the message of the last parameter */
function writeAt(file: number, bytes: Uint8Array, position: number, message = UNWRITABLE): void {
  try {
    for (let done = 0; done < bytes.length; ) {
      done += fs.writeSync(file, bytes, done, bytes.length - done, position + done);
    }
    fs.fsyncSync(file);
  } catch (failure) {
    throw new VaultError('vault_not_writable', message, {
      hint: 'the disk reports an error: check it before anything else',
      cause: failure,
    });
  }
}

function spillFiles(folder: string, files: Files): string[] {
  if (!files.checkFolder(folder)) return [];
  return fs
    .readdirSync(folder)
    .filter((name) => name.endsWith(SUFFIX))
    .map((name) => join(folder, name));
}

/** A slot with an impossible length is read as empty bytes: it does not open, and still counts as an answer. */
function fullSlots(path: string, files: Files): FoundAnswer[] {
  const found: FoundAnswer[] = [];
  const file = files.check(path) ? openIfThere(path) : null;
  if (file === null) return found;
  try {
    const header = Buffer.alloc(HEADER_BYTES);
    for (let at = 0; fs.readSync(file, header, 0, HEADER_BYTES, at) === HEADER_BYTES; at += SLOT_BYTES) {
      if (header.readUInt8(0) === EMPTY) continue;
      const accountId = header.toString('latin1', 1, 1 + ID_BYTES);
      const length = header.readUInt32BE(9 + ID_BYTES);
      const sealed = Buffer.alloc(length > SPACE ? 0 : length);
      fs.readSync(file, sealed, 0, sealed.length, at + HEADER_BYTES);
      const generation = Number(header.readBigInt64BE(1 + ID_BYTES));
      found.push({
        accountId,
        generation: generation === LOGIN ? null : generation,
        sealed,
        path,
        clear: () => clearSlot(path, at),
      });
    }
  } finally {
    fs.closeSync(file);
  }
  return found;
}

function clearSlot(path: string, position: number): void {
  const file = fs.openSync(path, fs.constants.O_RDWR | O_NOFOLLOW);
  try {
    writeAt(file, Buffer.alloc(HEADER_BYTES, EMPTY), position);
    // The header first: an interruption in between leaves an empty slot.
    writeAt(file, Buffer.alloc(SLOT_BYTES - HEADER_BYTES), position + HEADER_BYTES);
  } finally {
    fs.closeSync(file);
  }
}

/** Its process may remove an empty file at any moment. */
function openIfThere(path: string): number | null {
  try {
    return fs.openSync(path, fs.constants.O_RDONLY | O_NOFOLLOW);
  } catch (failure) {
    if (codeOf(failure) === 'ENOENT') return null;
    throw new VaultError('vault_not_writable', `${path}, which may hold an answer, cannot be read`, {
      hint: `ls -l ${inQuotes(path)}`,
      cause: failure,
    });
  }
}

function removeEmptyLeftovers(folder: string, files: Files, own: string, now: number): void {
  for (const path of spillFiles(folder, files)) {
    const file = path !== own && files.check(path) ? openIfThere(path) : null;
    if (file === null) continue;
    try {
      const isOld = now - fs.fstatSync(file).mtimeMs >= LEFTOVER_AGE;
      if (isOld && isEmpty(fs.readFileSync(file))) files.remove(path);
    } finally {
      fs.closeSync(file);
    }
  }
}

function isEmpty(content: Buffer): boolean {
  return content.every((byte, index) => index % SLOT_BYTES !== 0 || byte === EMPTY);
}
