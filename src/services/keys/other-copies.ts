import { createGuard } from '../../vault/guard.js';
import { openLedger } from '../../vault/ledger.js';
import type { KeyTrailDeps, OpenVault } from './key-trail.js';

/*
 * A key source knows nothing of copies: each copy of a vault looks for its key under the same name, and on one desktop in
 * the same keychain. A key that one of them takes out is lost to the others.
 */

/** Why a key that this copy does not need any more stays where it is. */
export const MAY_BE_NEEDED = 'this vault was used at another place as well, which may need it';

/**
 * Makes sure that this is the vault and no copy of it that nobody has accepted: for a copy, no key is taken out of its source.
 *
 * @throws VaultError `vault_rolled_back`, `vault_cloned`, `vault_damaged`
 */
export async function requireCurrentHere(deps: KeyTrailDeps, vault: OpenVault): Promise<void> {
  const { clock, notice } = deps;
  await createGuard({ ...vault, marks: await deps.marks(), clock, notice }).requireCurrent();
}

/** Whether the vault belongs to another place as well as to this one. @throws VaultError the vault's own codes */
export async function isUsedElsewhere({ store, keyring }: OpenVault): Promise<boolean> {
  return openLedger(keyring, await store.ledger()).places.size > 1;
}
