import { type Account, accountName } from '../domain/account.js';
import { VaultError } from '../domain/errors.js';
import { command } from '../domain/hints.js';
import type { SealedAccount } from '../stores/contract.js';
import type { Vault } from '../vault/vault.js';
import { otherwiseNamed } from './other-names.js';
import { ambiguous, confirmMissing, notFound, type Verb } from './unknown-account.js';

/**
 * Finds an account by its name; by its provider, when that has only one account; by a unique prefix of its name; by the part of
 * its name after the slash; or by its user's e-mail address, for which all identities are opened. Null selects the only account
 * there is.
 *
 * @throws VaultError `account_not_found`, `account_ambiguous`; `usage` for an empty name, which an unset variable in a script
 * leaves behind; `vault_damaged` instead of `account_not_found` when rows are missing or were changed
 */
export async function selectAccount(
  vault: Vault | null,
  selector: string | null,
  verb: Verb,
): Promise<SealedAccount> {
  if (selector === '') throw new VaultError('usage', 'the name of the account is empty');
  if (vault === null) throw notFound(selector, []);
  const [provider = '', ...label] = selector?.split('/') ?? [];
  const exact = label.length === 0 ? null : await vault.accountByName(provider, label.join('/'));
  if (exact !== null) return exact;
  const candidates = await vault.names(selector ?? '');
  const whole = candidates.filter((each) => accountName(each) === selector || each.provider === selector);
  const named = whole.length > 0 ? whole : candidates;
  const [only, ...others] = named.length > 0 ? named : await otherwiseNamed(vault, selector ?? '');
  if (only === undefined) throw await confirmMissing(vault, notFound(selector, await vault.names('')));
  if (others.length > 0) throw ambiguous(selector, [only, ...others], verb);
  // It may have been removed since its name was read.
  return (await vault.account(only.id)) ?? selectAccount(vault, selector, verb);
}

/**
 * The same for several selectors: each account once, in the given order.
 *
 * @throws VaultError as {@link selectAccount}
 */
export async function selectAccounts(
  vault: Vault | null,
  selectors: readonly string[],
  verb: Verb,
): Promise<readonly SealedAccount[]> {
  const found = new Map<string, SealedAccount>();
  for (const selector of selectors) {
    const account = await selectAccount(vault, selector, verb);
    found.set(account.id, account);
  }
  return [...found.values()];
}

/**
 * All accounts, or those of one provider.
 *
 * @throws VaultError `account_not_found` when a provider is named that has none: it may be mistyped
 */
export async function accountsOf(vault: Vault, provider: string | null): Promise<readonly Account[]> {
  const accounts = await vault.accounts(provider);
  if (provider === null || accounts.length > 0) return accounts;
  const none = `there is no account of the provider ${provider}`;
  throw await confirmMissing(vault, new VaultError('account_not_found', none, { hint: command('list') }));
}
