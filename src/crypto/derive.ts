import {
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
  randomUUID,
  timingSafeEqual,
} from 'node:crypto';

/**
 * HKDF-SHA256 (RFC 5869). `info` separates keys for different uses of one secret; a string is taken as UTF-8.
 *
 * @param length bytes, at most 255 times 32
 */
export function deriveKey(
  secret: Uint8Array,
  salt: Uint8Array,
  info: string | Uint8Array,
  length: number,
): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, salt, info, length));
}

/** The key for many calls of {@link authenticate}: bytes would be prepared by each. The caller wipes the bytes. */
export function prepared(key: Uint8Array): KeyObject {
  return createSecretKey(key);
}

/** HMAC-SHA256 (RFC 2104), 32 bytes. */
export function authenticate(key: Uint8Array | KeyObject, message: Uint8Array): Buffer {
  return createHmac('sha256', key).update(message).digest();
}

/** Constant-time for equal lengths. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

export function random(length: number): Buffer {
  return randomBytes(length);
}

/** A random UUID, version 4 (RFC 9562), in lower case. */
export function randomId(): string {
  return randomUUID();
}
