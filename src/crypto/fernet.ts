import { createDecipheriv, createHmac, pbkdf2Sync, timingSafeEqual } from 'node:crypto';

const VERSION = 0x80;
const IV_AT = 9;
const TEXT_AT = 25;
const MAC_BYTES = 32;

/** The 32 bytes of a Fernet key: those to sign with, and those to encrypt with. */
export function fernetKey(password: string, salt: Uint8Array, iterations: number): Buffer {
  return pbkdf2Sync(password, salt, iterations, 32, 'sha256');
}

/**
 * Opens a Fernet token (https://github.com/fernet/spec): HMAC-SHA256 over all before it, AES-128-CBC. Its time is not checked.
 *
 * @returns null when it is not whole, or of another key
 */
export function openFernet(key: Uint8Array, token: string): Buffer | null {
  const bytes = Buffer.from(token, 'base64url');
  const signed = bytes.subarray(0, bytes.length - MAC_BYTES);
  if (bytes[0] !== VERSION || signed.length <= TEXT_AT || (signed.length - TEXT_AT) % 16 !== 0) return null;
  const mac = createHmac('sha256', key.subarray(0, 16)).update(signed).digest();
  if (!timingSafeEqual(mac, bytes.subarray(signed.length))) return null;
  const cipher = createDecipheriv('aes-128-cbc', key.subarray(16), signed.subarray(IV_AT, TEXT_AT));
  return Buffer.concat([cipher.update(signed.subarray(TEXT_AT)), cipher.final()]);
}
