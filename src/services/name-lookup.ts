import type { Context } from '../context.js';
import { accountName } from '../domain/account.js';
import { type AccountNames, presentName } from '../domain/account-names.js';
import { VaultError } from '../domain/errors.js';
import type { AccountRef, SealedAccount } from '../stores/contract.js';
import type { Vault } from '../vault/vault.js';
import { takesDefault, type Verb } from './unknown-account.js';

/* What may name an account besides its own name. */

type NamesContext = Pick<Context, 'accountNames'>;

/** The chosen names, without each former name that is the name of an account again: the account counts. */
export async function namesInForce(
  { accountNames }: NamesContext,
  vault: Vault | null,
): Promise<AccountNames> {
  const names = await accountNames();
  if (vault === null || Object.keys(names.aliases).length === 0) return names;
  const taken = new Set((await vault.namesBeginningWith('')).map(accountName));
  const aliases = Object.entries(names.aliases).filter(([alias]) => !taken.has(alias));
  return { ...names, aliases: Object.fromEntries(aliases) };
}

/** The account that had this name before it was renamed; null when none had. */
export async function accountByFormerName(
  { accountNames }: NamesContext,
  vault: Vault,
  name: string,
): Promise<SealedAccount | null> {
  const present = presentName(await accountNames(), name);
  if (present === null) return null;
  const slash = present.indexOf('/');
  return vault.accountByName(present.slice(0, slash), present.slice(slash + 1));
}

/** The default among the accounts of a provider, or of all; null when none of them is one. */
export async function defaultAmong(
  ctx: NamesContext & Pick<Context, 'wantedAccount'>,
  accounts: readonly AccountRef[],
  selector: string | null,
  verb: Verb,
): Promise<AccountRef | null> {
  if (!takesDefault(accounts, selector, verb)) return null;
  const names = await ctx.accountNames();
  const wanted = ctx.wantedAccount === null ? names.defaults : [ctx.wantedAccount, ...names.defaults];
  const isThere = (name: string) => accounts.some((account) => accountName(account) === name);
  const present = wanted.map((name) => (isThere(name) ? name : (presentName(names, name) ?? name)));
  const first = present.find(isThere);
  return accounts.find((account) => accountName(account) === first) ?? null;
}

/**
 * The accounts that a word names, though no account's name begins with it: by the part after the slash of a name, else of a
 * former name, else by an e-mail address.
 */
export async function accountsByOtherName(
  ctx: NamesContext,
  vault: Vault,
  word: string,
): Promise<readonly AccountRef[]> {
  const labelled = await accountsByLabel(vault, word);
  if (labelled.length > 0) return labelled;
  const { aliases } = await ctx.accountNames();
  const names = Object.keys(aliases).filter((alias) => isSame(alias.slice(alias.indexOf('/') + 1), word));
  const former = await Promise.all(names.map((alias) => accountByFormerName(ctx, vault, alias)));
  const found = former.filter((account) => account !== null);
  return found.length > 0 ? found : accountsByAddress(vault, word);
}

/** The accounts whose name has this word after the slash. */
export async function accountsByLabel(vault: Vault, word: string): Promise<readonly AccountRef[]> {
  return (await vault.namesBeginningWith('')).filter(({ label }) => isSame(label, word));
}

/** E-mail addresses are compared without regard to case. */
function isSame(one: string, other: string): boolean {
  return one === other || (one.includes('@') && one.toLowerCase() === other.toLowerCase());
}

/**
 * The accounts whose user has this e-mail address, at one provider if it is written before a slash.
 *
 * @returns none where identities cannot be opened; the error about a missing account then says so
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
