import { equalBytes } from '../../crypto/derive.js';
import { VaultError } from '../../domain/errors.js';
import type { StoringKeySource } from '../../keysources/contract.js';
import type { MasterKeyRow, VaultHead } from '../../stores/contract.js';
import { keyCheckValue } from '../../vault/master-key.js';

/** What a source has under the reference of a master key: it, nothing, or a key of another vault. */
export type Held = 'held' | 'missing' | 'another';

/**
 * Looks whether a source that stores keys has one that the vault knows. What this vault calls a key file, for example, may be
 * another file on another machine.
 *
 * @throws VaultError the source's codes but `key_missing`
 */
export async function heldIn(
  source: StoringKeySource,
  { vaultId }: VaultHead,
  { reference, checkValue }: MasterKeyRow,
): Promise<Held> {
  const key = await keyIn(source, reference);
  if (key === null) return 'missing';
  const isIt = equalBytes(keyCheckValue(vaultId, reference, key), checkValue);
  key.fill(0);
  return isIt ? 'held' : 'another';
}

/** @returns null when there is none under this reference; the caller wipes it. @throws VaultError as {@link heldIn} */
export async function keyIn(source: StoringKeySource, reference: string): Promise<Buffer | null> {
  try {
    return await source.load(reference);
  } catch (failure) {
    if (failure instanceof VaultError && failure.code === 'key_missing') return null;
    throw failure;
  }
}
