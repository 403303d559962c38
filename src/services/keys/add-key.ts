import { VaultError } from '../../domain/errors.js';
import type { KeySource } from '../../keysources/contract.js';
import type { VaultHead } from '../../stores/contract.js';
import { nextReference } from '../../vault/master-key.js';
import type { OpenVault } from './key-trail.js';
import { holdingVault, type KeysDeps, present, viewOf } from './keys.js';
import type { MasterKeyView } from './keys-contract.js';
import { type EstablishedMaster, establishMaster, undone } from './new-master.js';
import { recordNewKey } from './record-new-key.js';
import { rowsOf, useCommand, withKeyring } from './unlock.js';

/**
 * Wraps the same data keys under a new master key in another source: made there, read back, and only
 * then written into the vault, in one commit.
 *
 * @throws VaultError as {@link KeyUseCases.addKey}
 */
export async function addKey(deps: KeysDeps, source: KeySource): Promise<MasterKeyView> {
  const store = await present(deps);
  return holdingVault(deps, async () => {
    const head = await store.head();
    if (rowsOf(head, source.kind).length > 0) throw hasOne(source);
    return withKeyring(deps, head, await deps.present(), async (keyring) => {
      const taken = [...head.masterKeys, ...(await store.leftovers())];
      const made = await establishMaster(source, nextReference(head.vaultId, taken), deps.readBack);
      return commit(deps, { store, keyring }, head, source, made);
    });
  });
}

async function commit(
  deps: KeysDeps,
  vault: OpenVault,
  head: VaultHead,
  source: KeySource,
  made: EstablishedMaster,
): Promise<MasterKeyView> {
  const { reference } = made;
  const { store } = vault;
  try {
    const event = { event: 'key_added', key_source: source.kind, reference } as const;
    const row = await recordNewKey(deps, vault, { head, source, made, event }, store.addMasterKey);
    return viewOf(row, source, false);
  } catch (failure) {
    // A commit that was said to fail may be on the disk all the same: then the new key is needed.
    const isThere = await store.head().then(
      ({ masterKeys }) => masterKeys.some((row) => row.reference === reference),
      () => true,
    );
    throw isThere ? failure : await undone(made, failure);
  } finally {
    made.master.fill(0);
  }
}

function hasOne({ kind }: KeySource): VaultError {
  return new VaultError('usage', `the vault has a master key in a source of the kind ${kind} already`, {
    hint: `${useCommand(kind)}\nor first: vault key remove ${kind}`,
  });
}
