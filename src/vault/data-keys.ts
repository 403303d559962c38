import { KEY_BYTES } from '../crypto/aead.js';
import { random } from '../crypto/derive.js';
import type { DataKeyPurpose, VaultHead } from '../stores/contract.js';
import { type DataKey, keyCheckValue, masterReference, wrapDataKeys } from './master-key.js';

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

/**
 * A new vault's head: fresh data keys under the given master key.
 *
 * @param vaultId 16 random bytes
 * @param source the kind of the key source
 * @param master 32 bytes; the caller wipes it
 * @param now milliseconds since the epoch
 * @param parameters what a derived source needs besides to make the key again; null for other sources
 */
export function createHead(
  vaultId: Uint8Array,
  source: string,
  master: Uint8Array,
  now: number,
  parameters: string | null = null,
): VaultHead {
  const reference = masterReference(vaultId, 1);
  const dataKeys = freshDataKeys(0, now);
  const wrappedKeys = wrapDataKeys(vaultId, reference, master, dataKeys);
  for (const { key } of dataKeys) key.fill(0);
  const checkValue = keyCheckValue(vaultId, reference, master);
  return {
    vaultId,
    createdAt: now,
    masterKeys: [{ reference, source, parameters, checkValue, createdAt: now }],
    wrappedKeys,
  };
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
