import { KEY_BYTES } from '../crypto/aead.js';
import { authenticate, random } from '../crypto/derive.js';
import { frame } from '../crypto/framing.js';
import type { TrailEntry, TrailFacts } from '../stores/contract.js';
import { FORMAT, readUint64, UINT64_BYTES, uint64 } from './format.js';

/*
 * The trail of events, a chain. The code (MAC) of each entry is HMAC-SHA256(key; format, vault, "audit", seq, at, body, origin,
 * the code of the entry before). The key is made for the trail and lies in the sealed ledger, with the number and the code of
 * the last entry: when the data keys are replaced the ledger is sealed anew, and no entry has to be touched.
 */

const MAC_BYTES = 32;
export const TRAIL_BYTES = KEY_BYTES + 2 * (UINT64_BYTES + MAC_BYTES);
/** How many entries are kept (years of a person's use, months of a busy machine's), and how many are forgotten at a time. */
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
