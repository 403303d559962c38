import { describe, expect, it } from 'vitest';
import {
  HEADER_BYTES,
  OpenFailure,
  OVERHEAD_BYTES,
  open,
  seal,
  sealedKeyId,
} from '../../src/crypto/sealed-box.js';

const key = Buffer.alloc(32, 5);
const aad = Buffer.from('where it stands');
const plaintext = Buffer.from('plaintext-example');

/** How opening ended: the kind of failure, or `opened`. */
function outcome(sealed: Uint8Array, withKey: Uint8Array = key, withAad: Uint8Array = aad): string {
  try {
    open(withKey, sealed, withAad);
    return 'opened';
  } catch (failure) {
    if (failure instanceof OpenFailure) return failure.kind;
    throw failure;
  }
}

const flipped = (sealed: Buffer, bit: number) => {
  const copy = Buffer.from(sealed);
  copy.writeUInt8(copy.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
  return copy;
};

describe('a sealed box', () => {
  it('opens to what was sealed, and names its key', () => {
    for (const text of [plaintext, Buffer.alloc(0), Buffer.alloc(16_384, 1)]) {
      const sealed = seal(key, 513, text, aad);
      expect(open(key, sealed, aad)).toEqual(text);
      expect(sealed.length).toBe(text.length + OVERHEAD_BYTES);
      expect(sealedKeyId(sealed)).toBe(513);
    }
  });

  it('begins with version 1, algorithm 1 and the id of its key', () => {
    expect(seal(key, 0x0102, plaintext, aad).subarray(0, HEADER_BYTES).toString('hex')).toBe('01010102');
  });

  it('is different each time', () => {
    expect(seal(key, 1, plaintext, aad).equals(seal(key, 1, plaintext, aad))).toBe(false);
  });

  it('does not open when a single bit is changed', () => {
    const sealed = seal(key, 1, plaintext, aad);
    expect(outcome(sealed)).toBe('opened');
    const outcomes = Array.from({ length: sealed.length * 8 }, (_, bit) => outcome(flipped(sealed, bit)));
    expect(outcomes).not.toContain('opened');
    // Behind version and algorithm there is only one thing to say.
    expect(new Set(outcomes.slice(16))).toEqual(new Set(['forged']));
  });

  it('does not open when it is shorter or longer', () => {
    const sealed = seal(key, 1, plaintext, aad);
    for (let length = 0; length < sealed.length; length += 1) {
      const expected = length < OVERHEAD_BYTES ? 'malformed' : 'forged';
      expect(outcome(sealed.subarray(0, length))).toBe(expected);
    }
    expect(outcome(Buffer.concat([sealed, Buffer.alloc(1)]))).toBe('forged');
    expect(outcome(Buffer.concat([Buffer.alloc(1), sealed]))).toBe('malformed');
  });

  it.each([
    ['a byte taken out of', -1],
    ['a byte put into', 1],
  ])('does not open with %s header, nonce, ciphertext or tag', (_name, change) => {
    const sealed = seal(key, 1, plaintext, aad);
    for (const at of [
      0,
      1,
      2,
      HEADER_BYTES,
      HEADER_BYTES + 11,
      HEADER_BYTES + 12,
      sealed.length - 16,
      sealed.length - 1,
    ]) {
      const middle = change === 1 ? Buffer.from([1]) : Buffer.alloc(0);
      const edited = Buffer.concat([
        sealed.subarray(0, at),
        middle,
        sealed.subarray(change === 1 ? at : at + 1),
      ]);
      expect(edited.length).toBe(sealed.length + change);
      expect(outcome(edited)).not.toBe('opened');
    }
  });

  it('does not open with another key, in another place, or under another key id', () => {
    const sealed = seal(key, 1, plaintext, aad);
    expect(outcome(sealed, Buffer.alloc(32, 6))).toBe('forged');
    expect(outcome(sealed, key, Buffer.from('somewhere else'))).toBe('forged');
    expect(outcome(sealed, key, Buffer.alloc(0))).toBe('forged');
    const renamed = Buffer.from(sealed);
    renamed.writeUInt16BE(2, 2);
    expect(outcome(renamed)).toBe('forged');
  });

  it('distinguishes a newer version or algorithm from damage', () => {
    const sealed = seal(key, 1, plaintext, aad);
    const outcomeOf = (version: number, algorithm: number) =>
      outcome(Buffer.concat([Buffer.from([version, algorithm]), sealed.subarray(2)]));
    expect([outcomeOf(2, 1), outcomeOf(255, 1), outcomeOf(1, 2), outcomeOf(2, 9)]).toEqual(
      Array(4).fill('newer'),
    );
    expect([outcomeOf(0, 1), outcomeOf(1, 0)]).toEqual(['malformed', 'malformed']);
    // A newer format may be shorter than this one.
    expect(outcome(Buffer.from([2, 1]))).toBe('newer');
  });

  it.each([-1, 65_536])('refuses the key id %d', (id) => {
    expect(() => seal(key, id, plaintext, aad)).toThrow(RangeError);
  });
});
