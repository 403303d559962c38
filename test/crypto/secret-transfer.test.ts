import { createCipheriv, getDiffieHellman, hkdfSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { beginTransfer } from '../../src/crypto/secret-transfer.js';

const NOTHING = Buffer.alloc(0);
const PRIME = BigInt(`0x${getDiffieHellman('modp2').getPrime('hex')}`);
const GENERATOR = 2n;

/** The other side, in plain arithmetic. */
function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (let square = base, rest = exponent; rest > 0n; rest >>= 1n, square = (square * square) % PRIME)
    if (rest & 1n) result = (result * square) % PRIME;
  return result;
}

const bytes = (value: bigint, length?: number) => {
  const digits = value.toString(16);
  const even = digits.padStart(length === undefined ? Math.ceil(digits.length / 2) * 2 : length * 2, '0');
  return Buffer.from(even, 'hex');
};

function sealedFor(publicKey: Buffer, exponent: bigint, iv: Buffer, text: string) {
  const shared = power(BigInt(`0x${publicKey.toString('hex')}`), exponent);
  const key = Buffer.from(hkdfSync('sha256', bytes(shared, 128), NOTHING, NOTHING, 16));
  const cipher = createCipheriv('aes-128-cbc', key, iv);
  return Buffer.concat([cipher.update(text), cipher.final()]);
}

describe('a secret in transfer', () => {
  const iv = Buffer.alloc(16, 7);

  it.each([
    ['any number', 0x1234567890abcdefn ** 12n],
    ['a small one: 2^7, in one byte', 7n],
    ['one of two bytes', 9n],
    ['one whose first bit is set', 15n],
  ])('is read if the public key of the other side is %s', (_, exponent) => {
    const transfer = beginTransfer();
    const peer = bytes(power(GENERATOR, exponent));
    const sealed = sealedFor(transfer.publicKey, exponent, iv, 'master-key-example');
    expect(transfer.open(peer, iv, sealed).toString()).toBe('master-key-example');
    // As services send it that fill it up to the length of the prime.
    const padded = Buffer.concat([Buffer.alloc(128 - peer.length), peer]);
    expect(transfer.open(padded, iv, sealed).toString()).toBe('master-key-example');
  });

  it('is sent under a new key each time', () => {
    expect(beginTransfer().publicKey).not.toEqual(beginTransfer().publicKey);
  });

  it('is not read with a key of another transfer', () => {
    const transfer = beginTransfer();
    const sealed = sealedFor(transfer.publicKey, 12345n, iv, 'x'.repeat(64));
    const read = () => transfer.open(bytes(power(GENERATOR, 54321n)), iv, sealed).toString();
    let text: string | null = null;
    try {
      text = read();
    } catch {
      // The padding is wrong in all but one of 256 cases.
    }
    expect(text).not.toBe('x'.repeat(64));
    expect(() => transfer.open(NOTHING, iv, sealed)).toThrow();
  });
});
