import { authenticate, random } from '../crypto/derive.js';
import { frame } from '../crypto/framing.js';
import { KEY_BYTES } from '../crypto/sealed-box.js';
import type { TrailEntry, TrailFacts } from '../stores/contract.js';
import { FORMAT, readUint64, UINT64_BYTES, uint64 } from './master-key.js';

/*
 * The audit trail is a chain: the MAC of each entry is HMAC-SHA256(key; format, vault, "audit", seq, at, body, origin, MAC of the entry
 * before). Its own key is in the ledger, with the number and the MAC of the last entry. So when the data keys are replaced, only
 * the ledger is resealed.
 */

const MAC_BYTES = 32;
export const TRAIL_BYTES = KEY_BYTES + 2 * (UINT64_BYTES + MAC_BYTES);
/** How many entries are kept (months on a busy machine), and how many are deleted at a time. */
const LIMITS = { kept: 100_000, atOnce: 5_000 };

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

export function encodeTrail(trail: Trail | null): Buffer {
  if (trail === null) return Buffer.alloc(TRAIL_BYTES);
  return Buffer.concat([trail.key, uint64(trail.first), trail.base, uint64(trail.last), trail.head]);
}

/** @returns null before the first event */
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
