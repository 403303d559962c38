import { KEY_BYTES } from '../crypto/aead.js';
import { authenticate, deriveKey } from '../crypto/derive.js';
import { frame } from '../crypto/framing.js';
import { seal } from '../crypto/sealed-box.js';
import type { DataKeyPurpose, MasterKeyRow, WrappedKeyRow } from '../stores/contract.js';
import { FORMAT } from './format.js';

/*
 * What a master key is used for: HKDF-SHA256 makes from it, with the vault id as salt, a key-encryption key that wraps
 * the data keys, a key for the check value, and one for the proof that somebody else has the same master key.
 */

const CHECK_BYTES = 16;
/** In the header of wrapped keys, where no data key can have it. */
const WRAPPED_BY_MASTER = 0;

/** A data key in the clear, for as long as it takes to wrap it. */
export interface DataKey {
  readonly dataKeyId: number;
  readonly purpose: DataKeyPurpose;
  readonly key: Uint8Array;
  readonly createdAt: number;
}

/**
 * The versioned name of a master key in its source.
 *
 * @param version from 1
 */
export function masterReference(vaultId: Uint8Array, version: number): string {
  return `${Buffer.from(vaultId).toString('hex')}/master/${version}`;
}

/** @returns the version in a reference; 0 when it is none */
export function masterVersion(reference: string): number {
  return Number(/\/master\/([1-9]\d{0,8})$/.exec(reference)?.[1] ?? 0);
}

/** Whether a master key of this vault may be called so; the keys of other vaults never are. */
export function isReferenceOf(vaultId: Uint8Array, reference: string): boolean {
  return reference === masterReference(vaultId, masterVersion(reference));
}

/** A reference that no master key of the vault has had, as far as its rows tell. */
export function nextReference(vaultId: Uint8Array, keys: readonly Pick<MasterKeyRow, 'reference'>[]): string {
  return masterReference(vaultId, Math.max(0, ...keys.map(({ reference }) => masterVersion(reference))) + 1);
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

/** Wraps data keys under a master key. */
export function wrapDataKeys(
  vaultId: Uint8Array,
  reference: string,
  master: Uint8Array,
  dataKeys: readonly DataKey[],
): readonly WrappedKeyRow[] {
  const encryptionKey = keyEncryptionKey(vaultId, master);
  const rows = dataKeys.map(({ dataKeyId, purpose, key, createdAt }): WrappedKeyRow => {
    const aad = wrapBinding(vaultId, reference, dataKeyId, purpose);
    const wrapped = seal(encryptionKey, WRAPPED_BY_MASTER, key, aad);
    return { dataKeyId, purpose, masterReference: reference, wrapped, createdAt };
  });
  encryptionKey.fill(0);
  return rows;
}

/** What a wrapped key is bound to. */
export function wrapBinding(
  vaultId: Uint8Array,
  reference: string,
  dataKeyId: number,
  purpose: string,
): Buffer {
  return frame([FORMAT, vaultId, 'keys', reference, dataKeyId, purpose]);
}
