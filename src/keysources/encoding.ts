import { VaultError } from '../domain/errors.js';
import { MASTER_KEY_BYTES } from './contract.js';

/** A master key as it is written down: base64url (RFC 4648 §5) of 32 bytes, without padding, which is let pass when read. */
const SHAPE = /^[A-Za-z0-9_-]{43}=?$/;

/** @throws RangeError when it is not a master key */
export function encodeKey(key: Uint8Array): string {
  if (key.length !== MASTER_KEY_BYTES) throw new RangeError('a master key has 32 bytes');
  return Buffer.from(key).toString('base64url');
}

/**
 * @param place where it was read, for the error
 * @throws VaultError `key_wrong` when the text is not 32 bytes in base64url; the text itself is never repeated
 */
export function decodeKey(text: string, place: string): Buffer {
  const trimmed = text.trim();
  const key = Buffer.from(trimmed, 'base64url');
  if (!SHAPE.test(trimmed) || key.length !== MASTER_KEY_BYTES) {
    throw new VaultError(
      'key_wrong',
      `the ${place} does not hold a master key: it must be 32 bytes in base64url`,
      {
        hint: 'put the right key back; it looks like 43 letters, digits, dashes and underscores',
      },
    );
  }
  return key;
}
