import { createGuard } from '../../vault/guard.js';
import { openLedger } from '../../vault/ledger.js';
import { isReferenceOf } from '../../vault/master-key.js';
import type { KeyTrailDeps, OpenVault } from './key-trail.js';

/*
 * A key source knows nothing of copies: each copy of a vault looks for its key under the same name, and on one desktop in
 * the same keychain. A key that one of them takes out is lost to the others.
 */

/** Why a key that this copy does not need any more stays where it is. */
const MAY_BE_NEEDED = 'this vault was used at another place as well, which may need it';

/**
 * Makes sure that this is the vault and no copy of it that nobody has accepted: for a copy, no key is taken out of its source.
 *
 * @throws VaultError `vault_rolled_back`, `vault_cloned`, `vault_damaged`
 */
export async function requireCurrentHere(deps: KeyTrailDeps, vault: OpenVault): Promise<void> {
  const { clock, notice } = deps;
  await createGuard({ ...vault, marks: await deps.marks(), clock, notice }).requireCurrent();
}

/**
 * Whether a key may go out of its source on this vault's account. Which references the database holds is bound to nothing, so
 * somebody may have written the name of another vault's key there, or of one that this vault has.
 *
 * @returns why it stays; null when it may go. @throws VaultError the vault's own codes
 */
export async function whyItStays(vault: OpenVault, reference: string): Promise<string | null> {
  const { vaultId, masterKeys } = await vault.store.head();
  if (!isReferenceOf(vaultId, reference)) return 'it is not called as the keys of this vault are';
  if (masterKeys.some((row) => row.reference === reference)) return 'this vault has it';
  return (await isUsedElsewhere(vault)) ? MAY_BE_NEEDED : null;
}

/** Whether the vault belongs to another place as well as to this one. @throws VaultError the vault's own codes */
async function isUsedElsewhere({ store, keyring }: OpenVault): Promise<boolean> {
  return openLedger(keyring, await store.ledger()).places.size > 1;
}
