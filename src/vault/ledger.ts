import { KEY_BYTES } from '../crypto/aead.js';
import { authenticate, random } from '../crypto/derive.js';
import { frame } from '../crypto/framing.js';
import type { RowChange, RowFacts, SealedLedger, TrailEntry, TrailFacts } from '../stores/contract.js';
import { unreadableLedger } from './damage.js';
import type { Keyring } from './keyring.js';
import { FORMAT, readUint64, UINT64_BYTES, uint64 } from './master-key.js';

/*
 * The trail of events, a chain. The code (MAC) of each entry is HMAC-SHA256(key; format, vault, "audit", seq, at, body, origin,
 * the code of the entry before). The key is made for the trail and lies in the sealed ledger, with the number and the code of
 * the last entry: when the data keys are replaced the ledger is sealed anew, and no entry has to be touched.
 */

const MAC_BYTES = 32;
export const TRAIL_BYTES = KEY_BYTES + 2 * (UINT64_BYTES + MAC_BYTES);
/** How many entries are kept (years of a person's use, months of a busy machine's), and how many are forgotten at a time. */
const LIMITS = { kept: 100_000, atOnce: 5_000 };

const SUM_BYTES = 32;
const TRAIL_AT = UINT64_BYTES + SUM_BYTES;
const HEADER_BYTES = TRAIL_AT + TRAIL_BYTES;
export const PLACE_BYTES = 16;
const ENTRY_BYTES = PLACE_BYTES + UINT64_BYTES;
const MODULUS = 1n << 256n;
/** A place joins only when a person says so; of more than these the one that wrote longest ago is forgotten. */
const MOST_PLACES = 16;

/** What is known of all rows together. */
export interface Ledger {
  readonly rows: number;
  /** The sum of the rows' digests modulo 2^256: each write takes one out and puts one in, whatever else is there. */
  readonly sum: bigint;
  /** For each place that is trusted, in hex: the epoch of the last change that was made there. */
  readonly places: ReadonlyMap<string, number>;
  /** Null before the first event. */
  readonly trail: Trail | null;
  /** What {@link sealedSoFar} gave when the newest data keys came in; 0 for the first ones. */
  readonly sealedBefore: number;
}

/**
 * From here on the doctor asks for new data keys: a quarter of the 2^32 messages that are safe under one AES-GCM key with
 * random nonces (NIST SP 800-38D §8.3). The rest is for what is not counted: transactions that were tried again, events that
 * were lost while they waited.
 */
export const MOST_SEALED = 2 ** 30;

/**
 * About how much the ledger's data key has sealed since the vault was made, from what is counted anyway: each change seals
 * the ledger and a mark, each entry of the trail was a proof while it waited. The other data keys seal at most once a change.
 */
export function sealedSoFar(epoch: number, { trail }: Pick<Ledger, 'trail'>): number {
  return 2 * epoch + (trail?.last ?? 0);
}

/** The digest of a row, as a number below 2^256. */
export function rowDigest(keyring: Keyring, { id, provider, label, generation }: RowFacts): bigint {
  const facts = frame([FORMAT, keyring.vaultId, 'accounts', id, provider, label, generation]);
  return BigInt(`0x${keyring.ledger.rowDigest(facts).toString('hex')}`);
}

/** The ledger of exactly these rows. @param trail goes on, or begins when it is null */
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

/** What a change makes of the ledger. It costs the same however many rows there are. */
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
 * place: place(16) | epoch(8, BE) | what had been sealed before its data keys(8, BE). Bound to the vault, the table, the column and the epoch.
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

/** @throws VaultError `vault_damaged`, `vault_newer` */
export function openLedger(keyring: Keyring, { epoch, sealed: bytes }: SealedLedger): Ledger {
  const plain = keyring.ledger.openNewest(bytes, binding(keyring, epoch));
  // Nothing was counted before: then no byte is left behind the places.
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

/** Where the trail stands. */
export interface Trail {
  readonly key: Uint8Array;
  /** The number of the first entry that is kept. */
  readonly first: number;
  /** The code of the entry before that one; random where there was none. */
  readonly base: Uint8Array;
  /** The number of the last entry. */
  readonly last: number;
  /** The code of the last entry. */
  readonly head: Uint8Array;
}

/** What an entry says. */
export type TrailLine = Pick<TrailEntry, 'at' | 'body' | 'origin'>;

export function encodeTrail(trail: Trail | null): Buffer {
  if (trail === null) return Buffer.alloc(TRAIL_BYTES);
  return Buffer.concat([trail.key, uint64(trail.first), trail.base, uint64(trail.last), trail.head]);
}

/** @returns null for a ledger from before the first event */
export function decodeTrail(bytes: Buffer): Trail | null {
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

/** The code of an entry, 32 bytes. @param before the code of the entry before it */
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
  /** Null when nothing is to be forgotten. */
  readonly firstKept: number | null;
}

/**
 * Appends those lines that are not in the trail yet. When there are too many entries the oldest are forgotten, and the chain
 * then starts from the code of the last forgotten one.
 */
export function extend(
  vaultId: Uint8Array,
  trail: Trail | null,
  lines: readonly TrailLine[],
  facts: TrailFacts,
  { kept, atOnce } = LIMITS,
): Extension {
  const byOrigin = new Map(lines.map((line) => [line.origin, line]));
  const there = trail?.last ?? facts.last();
  const fresh = [...byOrigin.values()].filter(({ origin }) => !facts.has(origin, there));
  if (fresh.length === 0) return { trail, entries: [], firstKept: null };
  const start = trail ?? begun(there);
  let before = start.head;
  const entries = fresh.map((line, index): TrailEntry => {
    const entry = { ...line, seq: start.last + 1 + index };
    const mac = entryMac(vaultId, start.key, entry, before);
    before = mac;
    return { ...entry, mac };
  });
  const last = start.last + entries.length;
  const next = { ...start, last, head: before };
  if (last - start.first < kept + atOnce) return { trail: next, entries, firstKept: null };
  const firstKept = last - kept;
  const base = facts.mac(firstKept - 1);
  // Without that entry there is no code to start from: everything stays, and the check says what is missing.
  if (base === null) return { trail: next, entries, firstKept: null };
  return { trail: { ...next, first: firstKept, base }, entries, firstKept };
}

/** @param last the number of the last entry of a trail whose key is lost; 0 when there was none */
function begun(last: number): Trail {
  const base = random(MAC_BYTES);
  return { key: random(KEY_BYTES), first: last + 1, base, last, head: base };
}
