import type { Context } from '../context.js';
import { accountName } from '../domain/account.js';
import { VaultError } from '../domain/errors.js';
import type { AccountRef, SealedAccount } from '../stores/contract.js';
import type { Vault } from '../vault/vault.js';
import { accountByFormerName, accountsByOtherName, defaultAmong } from './name-lookup.js';
import { ambiguous, confirmMissing, type Verb } from './unknown-account.js';

/** What names mean besides what the vault says. */
export type NameContext = Pick<Context, 'accountNames' | 'settings' | 'wantedAccount'>;

/**
 * Finds an account by its name, or a former one; by its provider, when that has only one account or a default; by a unique
 * prefix of its name; by the part of its name after the slash; or by its user's e-mail address, for which all identities are
 * opened. Null selects the one that `VAULT_ACCOUNT` names, else the only one there is, else the default.
 *
 * The settings are read only where the vault has no account of exactly this name, and not just one of this provider.
 *
 * @throws VaultError `account_not_found`, `account_ambiguous`; `usage` for an empty name, which an unset variable in a script
 * leaves behind; `vault_damaged` instead of `account_not_found` when rows are missing or were changed
 */
export async function selectAccount(
  ctx: NameContext,
  vault: Vault | null,
  asked: string | null,
  verb: Verb,
): Promise<SealedAccount> {
  const selector = asked ?? ctx.wantedAccount;
  if (selector === '') throw new VaultError('usage', 'the name of the account is empty');
  if (vault === null) throw await missing(ctx, selector, []);
  const [provider = '', ...label] = selector?.split('/') ?? [];
  const named = label.length === 0 ? null : await vault.accountByName(provider, label.join('/'));
  if (named !== null) return named;
  const former = label.length === 0 ? null : await accountByFormerName(ctx, vault, selector ?? '');
  if (former !== null) return former;
  const candidates = await vault.namesBeginningWith(selector ?? '');
  const exact = candidates.filter((each) => accountName(each) === selector || each.provider === selector);
  const near = exact.length > 0 ? exact : candidates;
  const [only, ...others] = near.length > 0 ? near : await accountsByOtherName(ctx, vault, selector ?? '');
  if (only === undefined)
    throw await confirmMissing(vault, await missing(ctx, selector, await vault.namesBeginningWith('')));
  const chosen = others.length === 0 ? only : await defaultAmong(ctx, [only, ...others], selector, verb);
  if (chosen === null) throw ambiguous(selector, [only, ...others], verb);
  // It may have been removed since its name was read.
  return (await vault.account(chosen.id)) ?? selectAccount(ctx, vault, asked, verb);
}

async function missing(
  { settings }: NameContext,
  selector: string | null,
  accounts: readonly AccountRef[],
): Promise<VaultError> {
  const { notFound } = await import('./not-found.js');
  return notFound(selector, accounts, await settings());
}
