import { frame } from '../crypto/framing.js';
import type { RowFacts, SealedLedger } from '../stores/contract.js';
import { unreadableLedger } from './damage.js';
import type { Keyring } from './keyring.js';
import { FORMAT, readUint64, UINT64_BYTES, uint64 } from './master-key.js';
import { PART_BYTES, PARTS, partsIn, type RowSums, sumsOf } from './row-sums.js';
import { decodeTrail, encodeTrail, TRAIL_BYTES, type Trail } from './trail.js';

/* The ledger is a sealed summary of all account rows and of the audit trail. */

export const PLACE_BYTES = 16;
const ENTRY_BYTES = PLACE_BYTES + UINT64_BYTES;
/** A part's number, then its sums. */
const NUMBERED_BYTES = 1 + PART_BYTES;
const EMPTY_PART = Buffer.alloc(PART_BYTES);
/** A place is added only by `--accept-rollback`. Beyond this number the one that wrote longest ago is removed. */
const MOST_PLACES = 16;

export interface Ledger {
  readonly sums: RowSums;
  /** Trusted places in hex, with the epoch of the last change that was made there. */
  readonly places: ReadonlyMap<string, number>;
  /** Null before the first event. */
  readonly trail: Trail | null;
  /** {@link sealedSoFar} when the newest data keys were added; 0 for the first ones. */
  readonly sealedBefore: number;
}

/**
 * From here on the doctor asks for new data keys: a quarter of the 2^32 messages that are safe under one AES-GCM key with
 * random nonces (NIST SP 800-38D §8.3), because repeated transactions and lost events are not counted.
 */
export const MOST_SEALED = 2 ** 30;

/**
 * About how many messages the ledger's data key has sealed: each change seals the ledger and a mark, and each entry had a proof
 * in the queue. The other data keys seal at most once a change.
 */
export function sealedSoFar(epoch: number, { trail }: Pick<Ledger, 'trail'>): number {
  return 2 * epoch + (trail?.last ?? 0);
}

/** A ledger of exactly these rows. */
export function ledgerOf(
  keyring: Keyring,
  rows: readonly RowFacts[],
  places: ReadonlyMap<string, number>,
  trail: Trail | null = null,
  sealedBefore: number = 0,
): Ledger {
  return { sums: sumsOf(keyring, rows), places, trail, sealedBefore };
}

/** Notes that the change of this epoch was made at this place. */
export function withPlace(ledger: Ledger, place: string, epoch: number): Ledger {
  const places = [...ledger.places].filter(([other]) => other !== place);
  const kept = places.sort((a, b) => b[1] - a[1]).slice(0, MOST_PLACES - 1);
  return { ...ledger, places: new Map([[place, epoch], ...kept]) };
}

/**
 * Seals, in version 2 of the sealed format: the trail's key(32) | first(8, BE) | base(32) | last(8, BE) | head(32) |
 * sealedBefore(8, BE) | number of places(1) | for each place: place(16), epoch(8, BE) | for each part that is not empty: its
 * number(1), its sums(40). Bound to the vault, the table, the column and the epoch.
 *
 * A ledger of format 1, which has one part, is in version 1: sums(40) | the trail as above | the places, not counted |
 * sealedBefore(8, BE).
 *
 * @throws VaultError `vault_damaged`
 */
export function sealLedger(keyring: Keyring, epoch: number, ledger: Ledger): SealedLedger {
  const { sums, places, trail, sealedBefore } = ledger;
  const entries = [...places].map(([place, at]) => Buffer.concat([Buffer.from(place, 'hex'), uint64(at)]));
  const version = partsIn(sums) === PARTS ? 2 : 1;
  const plain = Buffer.concat(
    version === 1
      ? [sums, encodeTrail(trail), ...entries, uint64(sealedBefore)]
      : [
          encodeTrail(trail),
          uint64(sealedBefore),
          Buffer.of(entries.length),
          ...entries,
          ...encodeParts(sums),
        ],
  );
  const bytes = keyring.ledger.sealLedger(plain, additionalData(keyring, epoch), version);
  plain.fill(0);
  return { epoch, sealed: bytes };
}

/**
 * The same, but sealed only when it is first read: if several changes share a commit, only the ledger of the last one is read.
 */
export function sealLedgerWhenRead(keyring: Keyring, epoch: number, ledger: Ledger): SealedLedger {
  let made: SealedLedger | null = null;
  return {
    epoch,
    get sealed() {
      made ??= sealLedger(keyring, epoch, ledger);
      return made.sealed;
    },
  };
}

/** @throws VaultError `vault_damaged`, `vault_newer` */
export function openLedger(keyring: Keyring, { epoch, sealed: bytes }: SealedLedger): Ledger {
  const plain = keyring.ledger.openLedger(bytes, additionalData(keyring, epoch));
  try {
    return bytes[0] === 1 ? decodeFirst(plain) : decode(plain);
  } catch (failure) {
    if (failure instanceof RangeError) throw unreadableLedger('malformed');
    throw failure;
  } finally {
    plain.fill(0);
  }
}

/** @throws RangeError when it is too short */
function decode(plain: Buffer): Ledger {
  const sealedBefore = readUint64(plain, TRAIL_BYTES);
  const placesAt = TRAIL_BYTES + UINT64_BYTES + 1;
  const partsAt = placesAt + plain.readUInt8(placesAt - 1) * ENTRY_BYTES;
  if ((plain.length - partsAt) % NUMBERED_BYTES !== 0) throw new RangeError('the last part is cut');
  return {
    sums: decodeParts(plain.subarray(partsAt)),
    places: decodePlaces(plain.subarray(placesAt, partsAt)),
    trail: decodeTrail(plain),
    sealedBefore,
  };
}

function decodeFirst(plain: Buffer): Ledger {
  const placesAt = PART_BYTES + TRAIL_BYTES;
  // A ledger from before sealedBefore has no bytes after the places.
  const counted = (plain.length - placesAt) % ENTRY_BYTES;
  if (plain.length < placesAt || (counted !== 0 && counted !== UINT64_BYTES))
    throw new RangeError('the last place is cut');
  const end = plain.length - counted;
  return {
    sums: Buffer.from(plain.subarray(0, PART_BYTES)),
    places: decodePlaces(plain.subarray(placesAt, end)),
    trail: decodeTrail(plain.subarray(PART_BYTES)),
    sealedBefore: counted === 0 ? 0 : readUint64(plain, end),
  };
}

function decodePlaces(bytes: Buffer): ReadonlyMap<string, number> {
  const places = new Map<string, number>();
  for (let at = 0; at < bytes.length; at += ENTRY_BYTES)
    places.set(bytes.toString('hex', at, at + PLACE_BYTES), readUint64(bytes, at + PLACE_BYTES));
  return places;
}

function encodeParts(sums: RowSums): readonly Buffer[] {
  const parts = Array.from({ length: PARTS }, (_, part) =>
    sums.subarray(part * PART_BYTES, (part + 1) * PART_BYTES),
  );
  return parts.flatMap((bytes, part) => (bytes.equals(EMPTY_PART) ? [] : [Buffer.of(part), bytes]));
}

function decodeParts(bytes: Buffer): RowSums {
  const sums = Buffer.alloc(PARTS * PART_BYTES);
  for (let at = 0; at < bytes.length; at += NUMBERED_BYTES)
    bytes.copy(sums, bytes.readUInt8(at) * PART_BYTES, at + 1, at + NUMBERED_BYTES);
  return sums;
}

function additionalData({ vaultId }: Keyring, epoch: number): Buffer {
  return frame([FORMAT, vaultId, 'ledger', 'sealed', epoch]);
}
