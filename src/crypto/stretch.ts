import { scrypt } from 'node:crypto';

/** scrypt (RFC 7914): the work a guess costs. Memory is 128 · r · n bytes. */
export interface StretchCost {
  /** A power of two. */
  readonly n: number;
  readonly r: number;
  readonly p: number;
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
