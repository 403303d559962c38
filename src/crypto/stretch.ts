import { scrypt } from 'node:crypto';

/** scrypt (RFC 7914): the work a guess costs. */
export interface StretchCost {
  /** A power of two. */
  readonly n: number;
  readonly r: number;
  readonly p: number;
}

/** The memory that one guess needs (RFC 7914 §2), in MiB. */
export function memoryOf({ n, r }: StretchCost): number {
  return (128 * r * n) / 2 ** 20;
}

/**
 * Makes a key from something a person remembers. The work happens off the event loop.
 *
 * @param length bytes
 * @throws Error when the memory cannot be had
 */
export function stretch(
  secret: Uint8Array,
  salt: Uint8Array,
  { n, r, p }: StretchCost,
  length: number,
): Promise<Buffer> {
  // Node refuses what needs more than `maxmem`, which it would set to a quarter of what is wanted here.
  const maxmem = 128 * r * (n + p + 2);
  return new Promise((resolve, reject) => {
    scrypt(secret, salt, length, { N: n, r, p, maxmem }, (failure, key) => {
      if (failure === null) resolve(key);
      else reject(failure);
    });
  });
}

/** 128 MiB and about half a second: what OWASP's Password Storage Cheat Sheet asks of scrypt at least. */
export const USUAL_COST: StretchCost = { n: 2 ** 17, r: 8, p: 1 };
/** Twice the memory: room for a later version, and not enough to bring a small server down. */
const MOST = { n: 2 ** 18, p: 4 };
export const SALT_BYTES = 32;

/**
 * Whether a cost that was read is one that this program or its next versions would write: whoever can write the file must
 * neither make every command ask for gigabytes nor make the passphrase cheap to guess.
 */
export function isUsualCost(n: unknown, r: unknown, p: unknown): boolean {
  const between = (value: unknown, least: number, most: number): value is number =>
    Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most;
  return (
    between(n, USUAL_COST.n, MOST.n) &&
    Math.log2(n) % 1 === 0 &&
    r === USUAL_COST.r &&
    between(p, USUAL_COST.p, MOST.p)
  );
}
