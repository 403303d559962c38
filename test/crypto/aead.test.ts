import { createCipheriv, createDecipheriv } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  AuthenticationFailure,
  decrypt,
  encrypt,
  encryptWithNonce,
  NONCE_BYTES,
  TAG_BYTES,
} from '../../src/crypto/sealed-box.js';

const hex = (text: string) => Buffer.from(text, 'hex');

/** Test cases 13, 14 and 16 of the specification of GCM (McGrew and Viega, 2005). */
const VECTORS = [
  {
    name: 'test case 13',
    key: '00'.repeat(32),
    nonce: '00'.repeat(12),
    plaintext: '',
    aad: '',
    body: '530f8afbc74536b9a963b4f1c4cb738b',
  },
  {
    name: 'test case 14',
    key: '00'.repeat(32),
    nonce: '00'.repeat(12),
    plaintext: '00'.repeat(16),
    aad: '',
    body: 'cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919',
  },
  {
    name: 'test case 16',
    key: 'feffe9928665731c6d6a8f9467308308'.repeat(2),
    nonce: 'cafebabefacedbaddecaf888',
    plaintext:
      'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72' +
      '1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39',
    aad: 'feedfacedeadbeeffeedfacedeadbeefabaddad2',
    body:
      '522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa' +
      '8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662' +
      '76fc6ece0f4e1768cddf8853bb2d551b',
  },
];

const key = Buffer.alloc(32, 7);
const aad = Buffer.from('additional data');
const plaintext = Buffer.from('plaintext-example');

describe('AES-256-GCM', () => {
  it.each(VECTORS)('gives and takes the bytes of $name', (vector) => {
    const [k, nonce, text, data] = [vector.key, vector.nonce, vector.plaintext, vector.aad].map(hex) as [
      Buffer,
      Buffer,
      Buffer,
      Buffer,
    ];
    expect(encryptWithNonce(k, nonce, text, data).toString('hex')).toBe(vector.body);
    expect(decrypt(k, nonce, hex(vector.body), data)).toEqual(text);
  });

  it.each([4, 8, 12, 13, 14, 15])(
    'refuses a valid tag cut to %i bytes, which Node would accept',
    (length) => {
      for (const text of [plaintext, Buffer.alloc(0)]) {
        const nonce = Buffer.alloc(NONCE_BYTES, 9);
        const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: length });
        cipher.setAAD(aad);
        const ciphertext = Buffer.concat([cipher.update(text), cipher.final()]);
        const tag = cipher.getAuthTag();
        const lenient = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: length });
        lenient.setAAD(aad).setAuthTag(tag);
        expect(Buffer.concat([lenient.update(ciphertext), lenient.final()])).toEqual(text);

        expect(() => decrypt(key, nonce, Buffer.concat([ciphertext, tag]), aad)).toThrow(
          AuthenticationFailure,
        );
      }
    },
  );

  it('refuses every other length of a body', () => {
    const { nonce, body } = encrypt(key, plaintext, aad);
    for (let length = 0; length < body.length; length += 1) {
      expect(() => decrypt(key, nonce, body.subarray(0, length), aad)).toThrow(AuthenticationFailure);
      expect(() => decrypt(key, nonce, body.subarray(body.length - length), aad)).toThrow(
        AuthenticationFailure,
      );
    }
    expect(() => decrypt(key, nonce, Buffer.concat([body, Buffer.alloc(1)]), aad)).toThrow(
      AuthenticationFailure,
    );
    expect(decrypt(key, nonce, body, aad)).toEqual(plaintext);
  });

  it('accepts nonces of 12 bytes only', () => {
    for (const length of [0, 1, 8, 11, 13, 16]) {
      const nonce = Buffer.alloc(length, 1);
      expect(() => encryptWithNonce(key, nonce, plaintext, aad)).toThrow(RangeError);
      expect(() => decrypt(key, nonce, Buffer.alloc(40), aad)).toThrow(AuthenticationFailure);
    }
  });

  it('accepts keys of 32 bytes only', () => {
    for (const length of [0, 16, 24, 31, 33]) {
      expect(() => encrypt(Buffer.alloc(length), plaintext, aad)).toThrow(RangeError);
      expect(() => decrypt(Buffer.alloc(length), Buffer.alloc(12), Buffer.alloc(40), aad)).toThrow(
        RangeError,
      );
    }
  });

  it('never repeats a nonce or a body in 10,000 encryptions of one text', () => {
    const nonces = new Set<string>();
    const bodies = new Set<string>();
    for (let count = 0; count < 10_000; count += 1) {
      const { nonce, body } = encrypt(key, plaintext, aad);
      expect(nonce.length + body.length).toBe(NONCE_BYTES + plaintext.length + TAG_BYTES);
      nonces.add(nonce.toString('hex'));
      bodies.add(body.toString('hex'));
    }
    expect([nonces.size, bodies.size]).toEqual([10_000, 10_000]);
  });
});
