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

/**
 * The sealed format:
 *
 *     version(1) | algorithm(1) = 1 (AES-256-GCM) | data key id(2, big-endian) | nonce(12) | ciphertext | tag(16)
 *
 * The four header bytes are authenticated together with the caller's additional data. The version is 1. Plaintext of a later
 * format has a higher version, so that an older program reports it as newer.
 */
const FIRST_VERSION = 1;
const ALGORITHM_AES_256_GCM = 1;
export const HEADER_BYTES = 4;
export const OVERHEAD_BYTES = HEADER_BYTES + NONCE_BYTES + TAG_BYTES;

/** Why sealed bytes could not be opened. */
export type OpenFailureKind =
  /** Not a sealed field. */
  | 'malformed'
  /** An unknown version or algorithm. */
  | 'newer'
  /** Altered, moved from elsewhere, or sealed under another key. */
  | 'forged';

export class OpenFailure extends Error {
  override readonly name = 'OpenFailure';
  readonly kind: OpenFailureKind;

  constructor(kind: OpenFailureKind) {
    super(kind);
    this.kind = kind;
  }
}

/**
 * @param key 32 bytes
 * @param keyId 0 to 65535, readable in the sealed bytes
 * @throws RangeError
 */
export function seal(
  key: Uint8Array,
  keyId: number,
  plaintext: Uint8Array,
  aad: Uint8Array,
  version = FIRST_VERSION,
): Buffer {
  const header = sealedHeader(keyId);
  header.writeUInt8(version, 0);
  const { nonce, body } = encrypt(key, plaintext, Buffer.concat([header, aad]));
  return Buffer.concat([header, nonce, body]);
}

/** The first bytes of everything of version 1 that is sealed under a key. @throws RangeError */
export function sealedHeader(keyId: number): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt8(FIRST_VERSION, 0);
  header.writeUInt8(ALGORITHM_AES_256_GCM, 1);
  header.writeUInt16BE(keyId, 2);
  return header;
}

/** @param newest version that the caller knows @throws OpenFailure `malformed` or `newer` */
export function sealedKeyId(sealed: Uint8Array, newest = FIRST_VERSION): number {
  const [version = 0, algorithm = 0] = sealed;
  if (version === 0 || algorithm === 0) throw new OpenFailure('malformed');
  if (version > newest || algorithm > ALGORITHM_AES_256_GCM) throw new OpenFailure('newer');
  if (sealed.length < OVERHEAD_BYTES) throw new OpenFailure('malformed');
  return Buffer.from(sealed.buffer, sealed.byteOffset, sealed.length).readUInt16BE(2);
}

/** @param newest version that the caller knows @throws OpenFailure */
export function open(key: Uint8Array, sealed: Uint8Array, aad: Uint8Array, newest = FIRST_VERSION): Buffer {
  sealedKeyId(sealed, newest);
  const header = sealed.subarray(0, HEADER_BYTES);
  const nonce = sealed.subarray(HEADER_BYTES, HEADER_BYTES + NONCE_BYTES);
  const body = sealed.subarray(HEADER_BYTES + NONCE_BYTES);
  try {
    return decrypt(key, nonce, body, Buffer.concat([header, aad]));
  } catch (failure) {
    if (failure instanceof AuthenticationFailure) throw new OpenFailure('forged');
    throw failure;
  }
}
