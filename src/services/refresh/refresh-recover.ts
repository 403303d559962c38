import type { SealedAccount, Spill } from '../../stores/contract.js';
import type { Vault } from '../../vault/vault.js';
import { commitAnswer } from './refresh-commit.js';

/**
 * Takes in an answer that an earlier refresh could not commit. Call it under the account's lock: whoever wrote the
 * answer held the lock then, so it is done with it now.
 *
 * @returns the account as it is afterwards; null when there was nothing to take in
 * @throws VaultError the vault's own; the answer then stays where it is
 */
export async function takeInSpilled(
  vault: Vault,
  account: SealedAccount,
  spill: Spill,
): Promise<SealedAccount | null> {
  let taken: SealedAccount | null = null;
  for (const found of spill.find(account.id)) {
    const answer =
      found.generation === account.generation ? await vault.openAnswer(account, found.sealed) : null;
    if (answer !== null) taken = await commitAnswer(vault, account, answer);
    found.clear();
  }
  return taken;
}
