import { describe, expect, it } from 'vitest';
import { authenticate, deriveKey, equalBytes, random, randomId } from '../../src/crypto/derive.js';

const hex = (text: string) => Buffer.from(text, 'hex');
const range = (from: number, length: number) =>
  Buffer.from(Array.from({ length }, (_, index) => from + index));

describe('deriveKey', () => {
  it.each([
    {
      name: 'RFC 5869 A.1',
      secret: Buffer.alloc(22, 0x0b),
      salt: range(0, 13),
      info: range(0xf0, 10),
      key: '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
    },
    {
      name: 'RFC 5869 A.2',
      secret: range(0x00, 80),
      salt: range(0x60, 80),
      info: range(0xb0, 80),
      key:
        'b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09' +
        'da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87',
    },
    {
      name: 'RFC 5869 A.3',
      secret: Buffer.alloc(22, 0x0b),
      salt: Buffer.alloc(0),
      info: '',
      key: '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8',
    },
  ])('gives the key of $name', ({ secret, salt, info, key }) => {
    expect(deriveKey(secret, salt, info, key.length / 2).toString('hex')).toBe(key);
  });

  it('uses the UTF-8 bytes of a text, and separates different uses', () => {
    const secret = Buffer.alloc(32, 1);
    const salt = Buffer.alloc(16, 2);
    const key = deriveKey(secret, salt, 'größe', 32);
    expect(key).toEqual(deriveKey(secret, salt, Buffer.from('größe', 'utf8'), 32));
    expect(key).not.toEqual(deriveKey(secret, salt, 'grösse', 32));
    expect(key).not.toEqual(deriveKey(secret, Buffer.alloc(16, 3), 'größe', 32));
  });
});

describe('authenticate', () => {
  it.each([
    [
      'RFC 4231, 4.2',
      Buffer.alloc(20, 0x0b),
      'Hi There',
      'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7',
    ],
    [
      'RFC 4231, 4.3',
      Buffer.from('Jefe'),
      'what do ya want for nothing?',
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    ],
  ])('gives the code of %s', (_name, key, message, code) => {
    expect(authenticate(key, Buffer.from(message))).toEqual(hex(code));
  });
});

describe('equalBytes', () => {
  it('is true for the same bytes only, whatever the lengths', () => {
    expect(equalBytes(hex('0102'), hex('0102'))).toBe(true);
    expect(equalBytes(Buffer.alloc(0), Buffer.alloc(0))).toBe(true);
    for (const other of ['0103', '01', '010200', '']) expect(equalBytes(hex('0102'), hex(other))).toBe(false);
  });
});

describe('random', () => {
  it('returns the requested number of bytes, never the same', () => {
    const seen = new Set(Array.from({ length: 1_000 }, () => random(16).toString('hex')));
    expect(seen.size).toBe(1_000);
    expect([...seen].every((text) => text.length === 32)).toBe(true);
  });

  it('gives ids as RFC 9562 writes them', () => {
    expect(randomId()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(randomId()).not.toBe(randomId());
  });
});
