import { random } from '../crypto/derive.js';
import { KEY_BYTES, seal } from '../crypto/sealed-box.js';
import type { DataKeyPurpose, MasterKeyRow, VaultHead, WrappedKeyRow } from '../stores/contract.js';
import {
  type DataKey,
  keyEncryptionKey,
  masterReference,
  masterVersion,
  PURPOSES,
  wrapBinding,
} from './master-key.js';

/* New keys of a vault, and their names. */

/** The key id in the header of wrapped keys. No data key has it. */
const WRAPPED_BY_MASTER = 0;

/** Whether this can be the name of a master key of this vault. */
export function isReferenceOf(vaultId: Uint8Array, reference: string): boolean {
  return reference === masterReference(vaultId, masterVersion(reference));
}

/** A version higher than those of the given keys. */
export function nextReference(vaultId: Uint8Array, keys: readonly Pick<MasterKeyRow, 'reference'>[]): string {
  return masterReference(vaultId, Math.max(0, ...keys.map(({ reference }) => masterVersion(reference))) + 1);
}

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

type FreshKey = DataKey & { readonly key: Buffer };

/** @param after the highest id so far; 0 for a new vault. @returns keys that the caller wipes */
export function freshDataKeys(after: number, now: number): readonly FreshKey[] {
  return PURPOSES.map((purpose, index) => ({
    dataKeyId: after + index + 1,
    purpose,
    key: random(KEY_BYTES),
    createdAt: now,
  }));
}

/** The data keys that seal, and those that were replaced and still exist. */
export function dataKeyIds({ wrappedKeys }: Pick<VaultHead, 'wrappedKeys'>): {
  readonly newest: readonly number[];
  /** Empty unless the data keys are being replaced. */
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
