import { scrypt } from 'node:crypto';

/** The parameters of scrypt (RFC 7914). */
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

/** Derives a key from a passphrase, off the event loop. @throws Error when there is not enough memory */
export function stretch(
  secret: Uint8Array,
  salt: Uint8Array,
  { n, r, p }: StretchCost,
  length: number,
): Promise<Buffer> {
  // The default of `maxmem` is a quarter of what is needed here.
  const maxmem = 128 * r * (n + p + 2);
  return new Promise((resolve, reject) => {
    scrypt(secret, salt, length, { N: n, r, p, maxmem }, (failure, key) => {
      if (failure === null) resolve(key);
      else reject(failure);
    });
  });
}

/** 128 MiB and about half a second: the minimum of OWASP's Password Storage Cheat Sheet. */
export const USUAL_COST: StretchCost = { n: 2 ** 17, r: 8, p: 1 };
/** Twice the memory, for a later version. */
const MOST = { n: 2 ** 18, p: 4 };
export const SALT_BYTES = 32;

/**
 * Whether this program or its next versions would write such a cost: an altered file must neither make every command use gigabytes
 * nor make the passphrase cheap to guess.
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
