import { KEY_BYTES } from '../crypto/aead.js';
import { authenticate, deriveKey, random } from '../crypto/derive.js';
import { frame } from '../crypto/framing.js';
import { seal } from '../crypto/sealed-box.js';
import type { DataKeyPurpose, MasterKeyRow, VaultHead, WrappedKeyRow } from '../stores/contract.js';

/**
 * Begins everything that a vault authenticates, and the purpose of every key that is derived for it: bytes that were written
 * under another format do not open as ours.
 */
export const FORMAT = 'token-vault/1';

export const UINT64_BYTES = 8;

/** A count or an epoch as it stands in sealed bytes: 8 bytes, big-endian. @throws RangeError below 0 */
export function uint64(value: number): Buffer {
  const bytes = Buffer.alloc(UINT64_BYTES);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}

/** Reads one back. @throws RangeError when it would reach beyond the end */
export function readUint64(bytes: Buffer, at: number): number {
  return Number(bytes.readBigUInt64BE(at));
}

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

/*
 * The data keys: each is 32 random bytes, and which of them sealed something can be read from what is sealed. New ones come
 * for all purposes at once, with higher ids than any before, and seal from then on; older ones only open.
 */

export const PURPOSES: readonly DataKeyPurpose[] = [
  'access_token',
  'refresh_token',
  'identity',
  'subject_digest',
  'ledger',
];

/** A data key that whoever made it wipes. */
type FreshKey = DataKey & { readonly key: Buffer };

/**
 * @param after the highest id so far; 0 for a new vault
 * @param now milliseconds since the epoch
 */
export function freshDataKeys(after: number, now: number): readonly FreshKey[] {
  return PURPOSES.map((purpose, index) => ({
    dataKeyId: after + index + 1,
    purpose,
    key: random(KEY_BYTES),
    createdAt: now,
  }));
}

/** The data keys by which things are sealed, and those that have been replaced and are still there. */
export function dataKeyIds({ wrappedKeys }: Pick<VaultHead, 'wrappedKeys'>): {
  readonly newest: readonly number[];
  /** Empty unless a change of the data keys is under way. */
  readonly replaced: readonly number[];
} {
  const newest = new Map<DataKeyPurpose, number>();
  for (const { purpose, dataKeyId } of wrappedKeys) {
    newest.set(purpose, Math.max(newest.get(purpose) ?? 0, dataKeyId));
  }
  const older = wrappedKeys.filter(({ purpose, dataKeyId }) => dataKeyId !== newest.get(purpose));
  return {
    newest: [...newest.values()],
    replaced: [...new Set(older.map(({ dataKeyId }) => dataKeyId))],
  };
}
