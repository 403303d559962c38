import { KEY_BYTES } from '../crypto/aead.js';
import { authenticate, random } from '../crypto/derive.js';
import { frame } from '../crypto/framing.js';
import type { TrailEntry, TrailFacts } from '../stores/contract.js';

/*
 * The trail of events. Each entry carries HMAC-SHA256(key; format, vault, "audit", seq, at, body, origin, the code of the entry
 * before). The key is made for the trail and lies, with the number and the code of the last entry, in the sealed ledger: a
 * new data key seals the ledger anew, and no entry has to be touched for it.
 */

const FORMAT = 'token-vault/1';
const MAC_BYTES = 32;
const NUMBER_BYTES = 8;
export const TRAIL_BYTES = KEY_BYTES + 2 * (NUMBER_BYTES + MAC_BYTES);
/** How many entries are kept: years of a person's use, months of a busy machine's; and how many are forgotten at a time. */
const LIMITS = { kept: 100_000, atOnce: 5_000 };

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
  return Buffer.concat([trail.key, number(trail.first), trail.base, number(trail.last), trail.head]);
}

/** @returns null for a ledger from before the first event */
export function decodeTrail(bytes: Buffer): Trail | null {
  const part = (from: number, length: number) => Buffer.from(bytes.subarray(from, from + length));
  const lastAt = KEY_BYTES + NUMBER_BYTES + MAC_BYTES;
  const last = Number(bytes.readBigUInt64BE(lastAt));
  if (last === 0) return null;
  return {
    key: part(0, KEY_BYTES),
    first: Number(bytes.readBigUInt64BE(KEY_BYTES)),
    base: part(KEY_BYTES + NUMBER_BYTES, MAC_BYTES),
    last,
    head: part(lastAt + NUMBER_BYTES, MAC_BYTES),
  };
}

/** What binds an entry to its place, behind the entry with the code `before`. */
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
 * Puts lines at the end; one that is there already is left out. The oldest entries are forgotten beyond a number, and the
 * chain then begins with the code of the last of them.
 */
export function extend(
  vaultId: Uint8Array,
  trail: Trail | null,
  lines: readonly TrailLine[],
  facts: TrailFacts,
  { kept, atOnce } = LIMITS,
): Extension {
  const byOrigin = new Map(lines.map((line) => [line.origin, line]));
  const fresh = [...byOrigin.values()].filter(({ origin }) => !facts.has(origin));
  if (fresh.length === 0) return { trail, entries: [], firstKept: null };
  const start = trail ?? begun(facts.last());
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
  // An entry that is gone cannot be begun behind; then everything stays, and the check says what is missing.
  if (base === null) return { trail: next, entries, firstKept: null };
  return { trail: { ...next, first: firstKept, base }, entries, firstKept };
}

/** @param last the number of the last entry of a trail whose key is lost; 0 when there was none */
function begun(last: number): Trail {
  const base = random(MAC_BYTES);
  return { key: random(KEY_BYTES), first: last + 1, base, last, head: base };
}

function number(value: number): Buffer {
  const bytes = Buffer.alloc(NUMBER_BYTES);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}
