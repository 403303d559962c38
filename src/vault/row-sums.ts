import { frame } from '../crypto/framing.js';
import type { IdRange, RowChange, RowFacts } from '../stores/contract.js';
import type { Keyring } from './keyring.js';
import { FORMAT } from './master-key.js';

/**
 * Keyed digests of all account rows, summed. The rows are divided into 256 parts by the first byte of their ids, which are random:
 * to check one row, only its part has to be added up.
 *
 *     for each part: rows(8, BE, signed) | sum of their digests modulo 2^256 (32, BE)
 *
 * Ledgers of format 1 have one part with all rows.
 */
export type RowSums = Buffer;

export const PARTS = 256;
const COUNT_BYTES = 8;
const SUM_BYTES = 32;
export const PART_BYTES = COUNT_BYTES + SUM_BYTES;
const MODULUS = 1n << 256n;
const LOW_BITS = (1n << 64n) - 1n;

export interface Totals {
  /** Below zero only after rows were removed that were never counted. */
  readonly rows: number;
  readonly sum: bigint;
}

/** The digest of a row, as a number below 2^256. */
export function rowDigest(keyring: Keyring, { id, provider, label, generation }: RowFacts): bigint {
  const facts = frame([FORMAT, keyring.vaultId, 'accounts', id, provider, label, generation]);
  return readSum(keyring.ledger.rowDigest(facts), 0);
}

/** The sums of exactly these rows. @param parts 256, or 1 as in format 1 */
export function sumsOf(keyring: Keyring, rows: readonly RowFacts[], parts: number = PARTS): RowSums {
  const totals = Array.from({ length: parts }, () => ({ rows: 0, sum: 0n }));
  for (const row of rows) {
    const total = totals[partOf(row.id, parts)];
    if (total === undefined) continue;
    total.rows += 1;
    total.sum += rowDigest(keyring, row);
  }
  const sums = Buffer.alloc(parts * PART_BYTES);
  for (const [part, total] of totals.entries()) writePart(sums, part, total);
  return sums;
}

/** The sums after a change, in constant time. */
export function changedSums(keyring: Keyring, sums: RowSums, { before, after }: RowChange): RowSums {
  const changed = Buffer.from(sums);
  for (const [row, sign] of [
    [before, -1],
    [after, 1],
  ] as const) {
    if (row === null) continue;
    const part = partOf(row.id, partsIn(sums));
    const { rows, sum } = readPart(changed, part);
    writePart(changed, part, { rows: rows + sign, sum: sum + BigInt(sign) * rowDigest(keyring, row) });
  }
  return changed;
}

/** Divides the sums of a ledger of format 1. If they are not those of the rows they stay as they are, and what is wrong is noticed. */
export function divided(keyring: Keyring, sums: RowSums, rows: () => readonly RowFacts[]): RowSums {
  if (partsIn(sums) === PARTS) return sums;
  const all = rows();
  return sumsOf(keyring, all, 1).equals(sums) ? sumsOf(keyring, all) : sums;
}

/** Whether these are the rows of one part. */
export function isPart(keyring: Keyring, sums: RowSums, part: number, rows: readonly RowFacts[]): boolean {
  const stored = sums.subarray(part * PART_BYTES, (part + 1) * PART_BYTES);
  return sumsOf(keyring, rows, 1).equals(stored);
}

export function partsIn(sums: RowSums): number {
  return sums.length / PART_BYTES;
}

export function partOf(id: string, parts: number = PARTS): number {
  if (parts === 1) return 0;
  const part = PART_OF_PREFIX.get(id.slice(0, 2));
  // No such id is made here. It counts in the part in whose range the database finds it.
  return (
    part ??
    Math.max(
      0,
      PREFIXES.findLastIndex((prefix) => prefix <= id),
    )
  );
}

const PREFIXES = Array.from({ length: PARTS }, (_, part) => part.toString(16).padStart(2, '0'));
const PART_OF_PREFIX = new Map(PREFIXES.map((prefix, part) => [prefix, part]));

/** Every id is in the range of one part. */
export function rangeOf(part: number): IdRange {
  return { from: part === 0 ? '' : (PREFIXES[part] as string), before: PREFIXES[part + 1] ?? null };
}

/** All parts together. */
export function totalsOf(sums: RowSums): Totals {
  const totals = { rows: 0, sum: 0n };
  for (let part = 0; part < partsIn(sums); part += 1) {
    const { rows, sum } = readPart(sums, part);
    totals.rows += rows;
    totals.sum += sum;
  }
  return { ...totals, sum: modulo(totals.sum) };
}

/** @returns a number from 0 to 2^256 - 1 */
export function modulo(sum: bigint): bigint {
  return ((sum % MODULUS) + MODULUS) % MODULUS;
}

function readPart(sums: RowSums, part: number): Totals {
  const at = part * PART_BYTES;
  return { rows: Number(sums.readBigInt64BE(at)), sum: readSum(sums, at + COUNT_BYTES) };
}

function writePart(sums: RowSums, part: number, { rows, sum }: Totals): void {
  const at = part * PART_BYTES;
  sums.writeBigInt64BE(BigInt(rows), at);
  let rest = modulo(sum);
  for (let quarter = SUM_BYTES - 8; quarter >= 0; quarter -= 8) {
    sums.writeBigUInt64BE(rest & LOW_BITS, at + COUNT_BYTES + quarter);
    rest >>= 64n;
  }
}

function readSum(bytes: Buffer, at: number): bigint {
  let sum = 0n;
  for (let quarter = 0; quarter < SUM_BYTES; quarter += 8)
    sum = (sum << 64n) | bytes.readBigUInt64BE(at + quarter);
  return sum;
}
