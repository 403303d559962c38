import { createGuard } from '../../vault/guard.js';
import { openLedger } from '../../vault/ledger.js';
import type { KeyTrailDeps, OpenVault } from './key-trail.js';

/*
 * A key source knows nothing of copies: each copy of a vault looks for its key under the same name, and on one desktop in
 * the same keychain. What one of them takes out of it, the others have lost.
 */

/** Why a key that this copy needs no more stays where it is. */
export const MAY_BE_NEEDED = 'this vault was used at another place as well, which may need it';

/**
 * Before a person has said that this copy is the vault, no key goes out of its source on its account.
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
