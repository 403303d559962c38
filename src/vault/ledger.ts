import { KEY_BYTES } from '../crypto/aead.js';
import { authenticate, random } from '../crypto/derive.js';
import { frame } from '../crypto/framing.js';
import type { RowChange, RowFacts, SealedLedger, TrailEntry, TrailFacts } from '../stores/contract.js';
import { unreadableLedger } from './damage.js';
import type { Keyring } from './keyring.js';
import { FORMAT, readUint64, UINT64_BYTES, uint64 } from './master-key.js';

/*
 * The ledger is a sealed summary of all account rows and of the audit trail.
 *
 * The trail is a chain: the MAC of each entry is HMAC-SHA256(key; format, vault, "audit", seq, at, body, origin, MAC of the entry
 * before). Its own key is in the ledger, with the number and the MAC of the last entry. So when the data keys are replaced, only
 * the ledger is resealed.
 */

const MAC_BYTES = 32;
const TRAIL_BYTES = KEY_BYTES + 2 * (UINT64_BYTES + MAC_BYTES);
/** How many entries are kept (months on a busy machine), and how many are deleted at a time. */
const LIMITS = { kept: 100_000, atOnce: 5_000 };

const SUM_BYTES = 32;
const TRAIL_AT = UINT64_BYTES + SUM_BYTES;
const HEADER_BYTES = TRAIL_AT + TRAIL_BYTES;
export const PLACE_BYTES = 16;
const ENTRY_BYTES = PLACE_BYTES + UINT64_BYTES;
const MODULUS = 1n << 256n;
const QUARTERS = [0, 8, 16, 24];
/** A place is added only by `--accept-rollback`. Beyond this number the one that wrote longest ago is removed. */
const MOST_PLACES = 16;

export interface Ledger {
  readonly rows: number;
  /** The sum of the rows' digests modulo 2^256: a write subtracts one and adds one. */
  readonly sum: bigint;
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

/** The digest of a row, as a number below 2^256. */
export function rowDigest(keyring: Keyring, { id, provider, label, generation }: RowFacts): bigint {
  const facts = frame([FORMAT, keyring.vaultId, 'accounts', id, provider, label, generation]);
  const digest = keyring.ledger.rowDigest(facts);
  return QUARTERS.reduce((sum, at) => (sum << 64n) | digest.readBigUInt64BE(at), 0n);
}

/** The ledger of exactly these rows. */
export function ledgerOf(
  keyring: Keyring,
  rows: readonly RowFacts[],
  places: ReadonlyMap<string, number>,
  trail: Trail | null = null,
  sealedBefore: number = 0,
): Ledger {
  const sum = rows.reduce((total, row) => total + rowDigest(keyring, row), 0n);
  return { rows: rows.length, sum: modulo(sum), places, trail, sealedBefore };
}

/** The ledger after a change, in constant time. */
export function changed(keyring: Keyring, ledger: Ledger, { before, after }: RowChange): Ledger {
  const out = before === null ? 0n : rowDigest(keyring, before);
  const into = after === null ? 0n : rowDigest(keyring, after);
  const rows = ledger.rows + (after === null ? 0 : 1) - (before === null ? 0 : 1);
  return { ...ledger, rows, sum: modulo(ledger.sum - out + into) };
}

/** @returns a number from 0 to 2^256 - 1 */
export function modulo(sum: bigint): bigint {
  return ((sum % MODULUS) + MODULUS) % MODULUS;
}

/** Notes that the change of this epoch was made at this place. */
export function withPlace(ledger: Ledger, place: string, epoch: number): Ledger {
  const places = [...ledger.places].filter(([other]) => other !== place);
  const kept = places.sort((a, b) => b[1] - a[1]).slice(0, MOST_PLACES - 1);
  return { ...ledger, places: new Map([[place, epoch], ...kept]) };
}

/**
 * Seals: rows(8, BE) | sum(32, BE) | the trail's key(32) | first(8, BE) | base(32) | last(8, BE) | head(32) | for each
 * place: place(16), epoch(8, BE) | sealedBefore(8, BE). Bound to the vault, the table, the column and the epoch.
 *
 * @throws VaultError `vault_damaged`
 */
export function sealLedger(
  keyring: Keyring,
  epoch: number,
  { rows, sum, places, trail, sealedBefore }: Ledger,
): SealedLedger {
  const entries = [...places].map(([place, at]) => Buffer.concat([Buffer.from(place, 'hex'), uint64(at)]));
  const plain = Buffer.concat([
    uint64(rows),
    Buffer.from(sum.toString(16).padStart(64, '0'), 'hex'),
    encodeTrail(trail),
    ...entries,
    uint64(sealedBefore),
  ]);
  const bytes = keyring.ledger.seal(plain, binding(keyring, epoch));
  plain.fill(0);
  return { epoch, sealed: bytes };
}

/** The same, sealed when it is first read: of the changes that share a commit only the last one's ledger is. */
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
  const plain = keyring.ledger.openNewest(bytes, binding(keyring, epoch));
  // A ledger from before sealedBefore has no bytes after the places.
  const counted = (plain.length - HEADER_BYTES) % ENTRY_BYTES;
  if (plain.length < HEADER_BYTES || (counted !== 0 && counted !== UINT64_BYTES)) {
    throw unreadableLedger('malformed');
  }
  const places = new Map<string, number>();
  const end = plain.length - counted;
  for (let at = HEADER_BYTES; at < end; at += ENTRY_BYTES) {
    places.set(plain.toString('hex', at, at + PLACE_BYTES), readUint64(plain, at + PLACE_BYTES));
  }
  const rows = readUint64(plain, 0);
  const sum = BigInt(`0x${plain.toString('hex', UINT64_BYTES, TRAIL_AT)}`);
  const trail = decodeTrail(plain.subarray(TRAIL_AT, HEADER_BYTES));
  const sealedBefore = counted === 0 ? 0 : readUint64(plain, end);
  plain.fill(0);
  return { rows, sum, places, trail, sealedBefore };
}

function binding({ vaultId }: Keyring, epoch: number): Buffer {
  return frame([FORMAT, vaultId, 'ledger', 'sealed', epoch]);
}

export interface Trail {
  readonly key: Uint8Array;
  /** The number of the first entry. */
  readonly first: number;
  /** The MAC of the entry before it; random where there was none. */
  readonly base: Uint8Array;
  readonly last: number;
  /** The MAC of the last entry. */
  readonly head: Uint8Array;
}

export type TrailLine = Pick<TrailEntry, 'at' | 'body' | 'origin'>;

function encodeTrail(trail: Trail | null): Buffer {
  if (trail === null) return Buffer.alloc(TRAIL_BYTES);
  return Buffer.concat([trail.key, uint64(trail.first), trail.base, uint64(trail.last), trail.head]);
}

/** @returns null before the first event */
function decodeTrail(bytes: Buffer): Trail | null {
  const part = (from: number, length: number) => Buffer.from(bytes.subarray(from, from + length));
  const lastAt = KEY_BYTES + UINT64_BYTES + MAC_BYTES;
  const last = readUint64(bytes, lastAt);
  if (last === 0) return null;
  return {
    key: part(0, KEY_BYTES),
    first: readUint64(bytes, KEY_BYTES),
    base: part(KEY_BYTES + UINT64_BYTES, MAC_BYTES),
    last,
    head: part(lastAt + UINT64_BYTES, MAC_BYTES),
  };
}

/** @param before the MAC of the entry before it */
export function entryMac(
  vaultId: Uint8Array,
  key: Uint8Array,
  { seq, at, body, origin }: Omit<TrailEntry, 'mac'>,
  before: Uint8Array,
): Buffer {
  return authenticate(key, frame([FORMAT, vaultId, 'audit', seq, at, body, origin, before]));
}

export interface Extension {
  readonly trail: Trail | null;
  readonly entries: readonly TrailEntry[];
  /** Null when nothing is to be deleted. */
  readonly firstKept: number | null;
}

/**
 * Appends the lines that are not in the trail yet. When there are too many entries the oldest are deleted, and the chain then
 * starts from the MAC of the last deleted one.
 */
export function extend(
  vaultId: Uint8Array,
  trail: Trail | null,
  lines: readonly TrailLine[],
  facts: TrailFacts,
  { kept, atOnce } = LIMITS,
): Extension {
  const byOrigin = new Map(lines.map((line) => [line.origin, line]));
  const last = trail?.last ?? facts.last();
  const fresh = [...byOrigin.values()].filter(({ origin }) => !facts.has(origin, last));
  if (fresh.length === 0) return { trail, entries: [], firstKept: null };
  const start = trail ?? newTrail(last);
  let before = start.head;
  const entries = fresh.map((line, index): TrailEntry => {
    const entry = { ...line, seq: start.last + 1 + index };
    const mac = entryMac(vaultId, start.key, entry, before);
    before = mac;
    return { ...entry, mac };
  });
  const next = { ...start, last: start.last + entries.length, head: before };
  if (next.last - start.first < kept + atOnce) return { trail: next, entries, firstKept: null };
  const firstKept = next.last - kept;
  const base = facts.mac(firstKept - 1);
  // That entry is missing, as the check will report: keep everything.
  if (base === null) return { trail: next, entries, firstKept: null };
  return { trail: { ...next, first: firstKept, base }, entries, firstKept };
}

/** @param last number of an earlier trail whose key is lost; 0 when there was none */
function newTrail(last: number): Trail {
  const base = random(MAC_BYTES);
  return { key: random(KEY_BYTES), first: last + 1, base, last, head: base };
}
