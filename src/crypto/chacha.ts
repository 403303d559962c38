import { createDecipheriv } from 'node:crypto';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Opens ChaCha20-Poly1305 (RFC 8439 §2.8): nonce, ciphertext, tag. @returns null when it is not whole, or of another key */
export function openChacha(key: Uint8Array, bytes: Uint8Array): Buffer | null {
  if (bytes.length < NONCE_BYTES + TAG_BYTES) return null;
  const end = bytes.length - TAG_BYTES;
  const cipher = createDecipheriv('chacha20-poly1305', key, bytes.subarray(0, NONCE_BYTES), {
    authTagLength: TAG_BYTES,
  });
  cipher.setAuthTag(bytes.subarray(end));
  try {
    return Buffer.concat([cipher.update(bytes.subarray(NONCE_BYTES, end)), cipher.final()]);
  } catch {
    return null;
  }
}
