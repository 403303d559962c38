import type { Account } from '../domain/account.js';
import { VaultError } from '../domain/errors.js';
import { command } from '../domain/hints.js';
import type { SealedAccount } from '../stores/contract.js';
import type { Vault } from '../vault/vault.js';
import { type NameContext, selectAccount } from './select-account.js';
import { confirmMissing, type Verb } from './unknown-account.js';

/**
 * Finds the accounts of several selectors: each account once, in the given order.
 *
 * @throws VaultError as {@link selectAccount}
 */
export async function selectAccounts(
  ctx: NameContext,
  vault: Vault | null,
  selectors: readonly string[],
  verb: Verb,
): Promise<readonly SealedAccount[]> {
  const found = new Map<string, SealedAccount>();
  for (const selector of selectors) {
    const account = await selectAccount(ctx, vault, selector, verb);
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
