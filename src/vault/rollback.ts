import { authenticate } from '../crypto/derive.js';
import { frame } from '../crypto/framing.js';
import type { Birth, RollbackMarks } from '../stores/rollback-marks.js';
import { isDamage } from './damage.js';
import type { Keyring } from './keyring.js';
import { type Ledger, PLACE_BYTES } from './ledger.js';
import { FORMAT, readUint64, UINT64_BYTES, uint64 } from './master-key.js';

/**
 * How a vault stands to the place it is used at. `current`: it holds the last change that was made here. `rolled_back`: it
 * does not, so it is an older copy, or one that went on elsewhere. `cloned`: nobody has said that it belongs here.
 */
export type RollbackState = 'current' | 'rolled_back' | 'cloned';

/**
 * A keyed name of a place, 32 hex digits. What a place is made of (machine, folder) cannot be read from it.
 *
 * @param where what tells the place from every other
 */
export function placeOf(vaultId: Uint8Array, where: readonly string[]): string {
  return authenticate(vaultId, frame([FORMAT, 'place', ...where])).toString('hex', 0, PLACE_BYTES);
}

export type RollbackVerdict = RollbackState | 'replaced';

/** What is remembered of a vault at a place, outside its database. */
export interface Mark {
  /** Of the last change that was made here; {@link LATER_THAN_ANY} when the mark does not open. */
  readonly epoch: number;
  /** When the file of the database was made that held the change, in nanoseconds since 1970; null: not known. */
  readonly birth: bigint | null;
}

/** Both marks of a place, read before the ledger was. */
export interface RollbackMarksRead extends Mark {
  /** The epoch in the second mark; null where there is none. */
  readonly second: number | null;
}

/** A mark that does not open: it was altered, or comes from after new data keys that this copy of the vault does not have. */
export const LATER_THAN_ANY = Number.POSITIVE_INFINITY;
/** A mark that another process is overwriting just now can be seen half done. */
const READS = 5;

/** @param epoch of the last change that was made at the place and is on disk @param birth of the file that holds it */
export function sealMark(keyring: Keyring, place: string, epoch: number, birth: Birth | null = null): Buffer {
  const plain = Buffer.concat([uint64(epoch), Buffer.alloc(UINT64_BYTES)]);
  if (birth?.certain) plain.writeBigUInt64BE(birth.at, UINT64_BYTES);
  return keyring.ledger.seal(plain, binding(keyring, place));
}

/** Writes both marks of a place, the same bytes in each. @throws VaultError as {@link RollbackMarks} */
export function writeMarks(
  keyring: Keyring,
  marks: RollbackMarks,
  place: string,
  epoch: number,
  how: 'create' | 'overwrite',
): void {
  const bytes = sealMark(keyring, place, epoch, marks.birth?.() ?? null);
  marks[how](place, bytes);
  marks.second?.write(place, bytes);
}

/** @returns null when there is no mark @throws VaultError when the data keys do not unwrap, and as {@link RollbackMarks.read} */
export function readMarks(keyring: Keyring, marks: RollbackMarks, place: string): RollbackMarksRead | null {
  const first = opened(keyring, place, () => marks.read(place));
  if (first === null) return null;
  const second = opened(keyring, place, () => {
    const sealed = marks.second?.read(place) ?? null;
    // Another user's, say, of before new data keys that were made without it.
    return sealed === null || isOutdated(keyring, sealed) ? null : sealed;
  });
  return { ...first, second: second?.epoch ?? null };
}

function opened(keyring: Keyring, place: string, read: () => Uint8Array | null): Mark | null {
  for (let tries = 1; tries <= READS; tries += 1) {
    const sealed = read();
    if (sealed === null) return null;
    const mark = openMark(keyring, place, sealed);
    if (mark !== null) return mark;
  }
  return { epoch: LATER_THAN_ANY, birth: null };
}

/** @returns null when it is not one of this vault and place. @throws VaultError when the data keys do not unwrap */
export function openMark(keyring: Keyring, place: string, sealed: Uint8Array): Mark | null {
  try {
    const plain = keyring.ledger.open(sealed, binding(keyring, place));
    const birth = plain.length === 2 * UINT64_BYTES ? plain.readBigUInt64BE(UINT64_BYTES) : 0n;
    return { epoch: readUint64(plain, 0), birth: birth === 0n ? null : birth };
  } catch (failure) {
    if (isDamage(failure)) return null;
    throw failure;
  }
}

function isOutdated(keyring: Keyring, sealed: Uint8Array): boolean {
  try {
    return keyring.ledger.predates(sealed) && !keyring.ledger.knows(sealed);
  } catch (failure) {
    if (isDamage(failure)) return false;
    throw failure;
  }
}

/**
 * `replaced` is a way of being rolled back: all that is known of the vault here fits, but its file is another one, though the
 * last change that counts was made here, and in place. Where it was made elsewhere, a synced folder may have brought the file. A second mark
 * of that very change says that nothing came after it, whatever became of the file.
 *
 * @param mark null when there is none
 * @param marks tell when the database's file was made
 */
export function rollbackStateAt(
  place: string,
  mark: RollbackMarksRead | null,
  ledger: Ledger,
  marks: Pick<RollbackMarks, 'birth'>,
): RollbackVerdict {
  if (mark === null) return 'cloned';
  const lastHere = ledger.places.get(place);
  if (lastHere === undefined || lastHere < Math.max(mark.epoch, mark.second ?? 0)) return 'rolled_back';
  const birth = marks.birth?.() ?? null;
  const otherFile = mark.birth !== null && birth !== null && birth.at !== mark.birth;
  const broughtHere = [...ledger.places.values()].some((at) => at > lastHere);
  return otherFile && !broughtHere && mark.second !== lastHere ? 'replaced' : 'current';
}

function binding({ vaultId }: Keyring, place: string): Buffer {
  return frame([FORMAT, vaultId, 'mark', place]);
}
