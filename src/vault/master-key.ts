import { authenticate, deriveKey } from '../crypto/derive.js';
import { frame } from '../crypto/framing.js';
import { KEY_BYTES } from '../crypto/sealed-box.js';
import type { DataKeyPurpose } from '../stores/contract.js';

/** Part of all authenticated data and of the purpose of every derived key: other formats do not open. */
export const FORMAT = 'token-vault/1';

export const UINT64_BYTES = 8;

/** 8 bytes, big-endian. @throws RangeError below 0 */
export function uint64(value: number): Buffer {
  const bytes = Buffer.alloc(UINT64_BYTES);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}

/** @throws RangeError beyond the end */
export function readUint64(bytes: Buffer, at: number): number {
  return Number(bytes.readBigUInt64BE(at));
}

/*
 * HKDF-SHA256 derives from a master key, with the vault id as salt, a key-encryption key that wraps the data keys and a key for
 * the check value. A data key is 32 random bytes; its id can be read from what it has sealed. New data keys are made for all
 * purposes at once, with higher ids: they seal from then on, and older ones only open.
 */

const CHECK_BYTES = 16;

/** A data key in plaintext. */
export interface DataKey {
  readonly dataKeyId: number;
  readonly purpose: DataKeyPurpose;
  readonly key: Uint8Array;
  readonly createdAt: number;
}

/** The versioned name of a master key in its source. @param version from 1 */
export function masterReference(vaultId: Uint8Array, version: number): string {
  return `${Buffer.from(vaultId).toString('hex')}/master/${version}`;
}

/** @returns 0 for anything that is not a reference */
export function masterVersion(reference: string): number {
  return Number(/\/master\/([1-9]\d{0,8})$/.exec(reference)?.[1] ?? 0);
}

/** @param master 32 bytes; the caller wipes it, and what is returned */
export function keyEncryptionKey(vaultId: Uint8Array, master: Uint8Array): Buffer {
  return deriveKey(master, vaultId, `${FORMAT}/key encryption`, KEY_BYTES);
}

/** Tells the right master key from a wrong one without opening anything. */
export function keyCheckValue(vaultId: Uint8Array, reference: string, master: Uint8Array): Buffer {
  const key = deriveKey(master, vaultId, `${FORMAT}/key check`, KEY_BYTES);
  const value = authenticate(key, frame([vaultId, reference])).subarray(0, CHECK_BYTES);
  key.fill(0);
  return value;
}

export function wrapBinding(
  vaultId: Uint8Array,
  reference: string,
  dataKeyId: number,
  purpose: string,
): Buffer {
  return frame([FORMAT, vaultId, 'keys', reference, dataKeyId, purpose]);
}

export const PURPOSES: readonly DataKeyPurpose[] = [
  'access_token',
  'refresh_token',
  'identity',
  'subject_digest',
  'ledger',
];
