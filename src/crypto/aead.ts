import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

/**
 * AES-256-GCM and nothing else (NIST SP 800-38D). Tags are always 16 bytes: by default Node accepts shorter ones, and forging a 4-byte
 * tag takes 2^32 tries.
 */
export const KEY_BYTES = 32;
export const NONCE_BYTES = 12;
export const TAG_BYTES = 16;

const OPTIONS = { authTagLength: TAG_BYTES } as const;

/** The tag did not match: wrong key, wrong additional data, or altered bytes. Deliberately says no more. */
export class AuthenticationFailure extends Error {
  override readonly name = 'AuthenticationFailure';
}

export interface Encrypted {
  /** 12 random bytes. */
  readonly nonce: Buffer;
  /** Ciphertext, then the 16-byte tag. */
  readonly body: Buffer;
}

/**
 * Encrypts under a fresh random nonce. 2^32 messages a key are safe (NIST SP 800-38D §8.3); vault/ledger counts them for the busiest
 * key, and the doctor asks for new data keys at 2^30.
 */
export function encrypt(key: Uint8Array, plaintext: Uint8Array, aad: Uint8Array): Encrypted {
  const nonce = randomBytes(NONCE_BYTES);
  return { nonce, body: encryptWithNonce(key, nonce, plaintext, aad) };
}

/**
 * For test vectors and {@link encrypt} only: a nonce used twice under one key reveals the key stream.
 *
 * @throws RangeError when the key is not 32 or the nonce not 12 bytes long
 */
export function encryptWithNonce(
  key: Uint8Array,
  nonce: Uint8Array,
  plaintext: Uint8Array,
  aad: Uint8Array,
): Buffer {
  if (nonce.length !== NONCE_BYTES) throw new RangeError('a nonce has 12 bytes');
  const cipher = createCipheriv('aes-256-gcm', key, nonce, OPTIONS);
  cipher.setAAD(aad);
  const ciphertext = cipher.update(plaintext);
  cipher.final();
  return Buffer.concat([ciphertext, cipher.getAuthTag()]);
}

/**
 * Returns the plaintext only after the tag was checked.
 *
 * @throws AuthenticationFailure; RangeError when the key is not 32 bytes long
 */
export function decrypt(key: Uint8Array, nonce: Uint8Array, body: Uint8Array, aad: Uint8Array): Buffer {
  if (nonce.length !== NONCE_BYTES || body.length < TAG_BYTES) throw new AuthenticationFailure();
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, OPTIONS);
  decipher.setAAD(aad);
  decipher.setAuthTag(body.subarray(body.length - TAG_BYTES));
  const plaintext = decipher.update(body.subarray(0, body.length - TAG_BYTES));
  try {
    decipher.final();
  } catch {
    plaintext.fill(0);
    throw new AuthenticationFailure();
  }
  return plaintext;
}
