import { VaultError } from '../domain/errors.js';
import type { AccountRef } from '../stores/contract.js';
import type { Vault } from '../vault/vault.js';

/* What may name an account besides its own name. */

/** The accounts whose name has this word after the slash. */
export async function accountsByLabel(vault: Vault, word: string): Promise<readonly AccountRef[]> {
  return (await vault.names('')).filter(({ label }) => isSame(label, word));
}

/** E-mail addresses are compared without regard to case. */
function isSame(one: string, other: string): boolean {
  return one === other || (one.includes('@') && one.toLowerCase() === other.toLowerCase());
}

/** The accounts that a word names, though no account's name begins with it: by a label, else by an e-mail address. */
export async function otherwiseNamed(vault: Vault, word: string): Promise<readonly AccountRef[]> {
  const labelled = await accountsByLabel(vault, word);
  return labelled.length > 0 ? labelled : accountsByAddress(vault, word);
}

/**
 * The accounts whose user has this e-mail address, at one provider if it is written before a slash.
 *
 * @returns none where identities cannot be opened, which whoever then reports a missing account finds out
 */
async function accountsByAddress(vault: Vault, selector: string): Promise<readonly AccountRef[]> {
  const slash = selector.indexOf('/');
  const address = selector.slice(slash + 1);
  if (!address.includes('@')) return [];
  const found: AccountRef[] = [];
  try {
    for (const { id } of await vault.accounts(slash < 0 ? null : selector.slice(0, slash))) {
      const account = await vault.account(id);
      const email = account === null ? null : (await vault.identity(account)).email;
      if (account !== null && email !== null && isSame(email, address)) found.push(account);
    }
  } catch (failure) {
    if (!(failure instanceof VaultError)) throw failure;
    return [];
  }
  return found;
}
