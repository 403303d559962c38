import { authenticate } from '../crypto/derive.js';
import { frame } from '../crypto/framing.js';
import type { Birth, RollbackMarks } from '../stores/rollback-marks.js';
import { isDamage } from './damage.js';
import type { Keyring } from './keyring.js';
import { type Ledger, PLACE_BYTES } from './ledger.js';
import { FORMAT, readUint64, UINT64_BYTES, uint64 } from './master-key.js';

/**
 * How a vault relates to the place where it is used. `current`: it has the last change that was made here. `rolled_back`: it does
 * not, so it is an older copy, or one that was changed elsewhere. `cloned`: it was never accepted at this place.
 */
export type RollbackState = 'current' | 'rolled_back' | 'cloned';

/** A keyed name of a place (machine and folder, which it does not reveal): 32 hex digits. */
export function placeOf(vaultId: Uint8Array, where: readonly string[]): string {
  return authenticate(vaultId, frame([FORMAT, 'place', ...where])).toString('hex', 0, PLACE_BYTES);
}

export type RollbackVerdict = RollbackState | 'replaced';

/** A rollback mark: what is known of a vault at a place, outside its database. */
export interface Mark {
  /** The epoch of the last change made here; {@link LATER_THAN_ANY} when the mark does not open. */
  readonly epoch: number;
  /** When the database file was created that got the change, in nanoseconds since 1970; null: unknown. */
  readonly birth: bigint | null;
}

/** Both marks of a place. */
export interface RollbackMarksRead extends Mark {
  /** The epoch in the second mark; null where there is none. */
  readonly second: number | null;
}

/** For a mark that does not open: it was altered, or sealed under newer data keys than this copy of the vault has. */
export const LATER_THAN_ANY = Number.POSITIVE_INFINITY;
/** A mark can be read while another process overwrites it. */
const MAX_READS = 5;

export function sealMark(keyring: Keyring, place: string, epoch: number, birth: Birth | null = null): Buffer {
  const plain = Buffer.concat([uint64(epoch), Buffer.alloc(UINT64_BYTES)]);
  if (birth?.certain) plain.writeBigUInt64BE(birth.at, UINT64_BYTES);
  return keyring.ledger.seal(plain, additionalData(keyring, place));
}

/** Writes both marks, with the same bytes. @throws VaultError as {@link RollbackMarks} */
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
    // Written before the data keys were replaced, by another user for example.
    return sealed === null || isOutdated(keyring, sealed) ? null : sealed;
  });
  return { ...first, second: second?.epoch ?? null };
}

function opened(keyring: Keyring, place: string, read: () => Uint8Array | null): Mark | null {
  for (let attempt = 1; attempt <= MAX_READS; attempt += 1) {
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
    const plain = keyring.ledger.open(sealed, additionalData(keyring, place));
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
 * `replaced` is reported as rolled back: epochs fit, but the database is another file, although the last change was made here, in
 * place. If the last change was made elsewhere, a synced folder may have brought the file. If the second mark has that very change,
 * nothing came after it, whatever happened to the file.
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
  const changedElsewhere = [...ledger.places.values()].some((at) => at > lastHere);
  return otherFile && !changedElsewhere && mark.second !== lastHere ? 'replaced' : 'current';
}

function additionalData({ vaultId }: Keyring, place: string): Buffer {
  return frame([FORMAT, vaultId, 'mark', place]);
}
