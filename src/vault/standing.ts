import { authenticate } from '../crypto/derive.js';
import { frame } from '../crypto/framing.js';
import { isDamage } from './damage.js';
import { FORMAT, readUint64, UINT64_BYTES, uint64 } from './format.js';
import type { Keyring } from './keyring.js';
import { type Ledger, PLACE_BYTES } from './ledger.js';

/**
 * How a vault stands to the place it is used at. `current`: it holds the last change that was made here. `rolled_back`: it
 * does not, so it is an older copy, or one that went on elsewhere. `cloned`: nobody has said that it belongs here.
 */
export type Standing = 'current' | 'rolled_back' | 'cloned';

/**
 * A keyed name of a place, 32 hex digits. What a place is made of (machine, folder) cannot be read from it.
 *
 * @param where what tells the place from every other
 */
export function placeOf(vaultId: Uint8Array, where: readonly string[]): string {
  return authenticate(vaultId, frame([FORMAT, 'place', ...where])).toString('hex', 0, PLACE_BYTES);
}

/** @param epoch of the last change that was made at the place and is on disk */
export function sealMark(keyring: Keyring, place: string, epoch: number): Buffer {
  return keyring.ledger.seal(uint64(epoch), binding(keyring, place));
}

/** @returns null when it is not one of this vault and place. @throws VaultError when the data keys do not unwrap */
export function openMark(keyring: Keyring, place: string, sealed: Uint8Array): number | null {
  try {
    const plain = keyring.ledger.open(sealed, binding(keyring, place));
    return plain.length === UINT64_BYTES ? readUint64(plain, 0) : null;
  } catch (failure) {
    if (isDamage(failure)) return null;
    throw failure;
  }
}

/** @param mark the epoch in the place's mark, read before the ledger was; null when there is no mark */
export function standingAt(place: string, mark: number | null, ledger: Ledger): Standing {
  const lastHere = ledger.places.get(place);
  if (mark === null) return 'cloned';
  return lastHere !== undefined && lastHere >= mark ? 'current' : 'rolled_back';
}

function binding({ vaultId }: Keyring, place: string): Buffer {
  return frame([FORMAT, vaultId, 'mark', place]);
}
