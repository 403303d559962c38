import { type Account, accountName } from '../domain/account.js';
import { ERROR_CODES, reworded, VaultError } from '../domain/errors.js';
import { command, shellName } from '../domain/hints.js';
import { closest } from '../domain/wording.js';
import type { AccountRef, SealedAccount } from '../stores/contract.js';
import type { Vault } from '../vault/vault.js';

const LISTED = 20;
const GUESSES = 3;

type Verb = 'exec' | 'refresh' | 'revoke' | 'show' | 'token';

/**
 * Finds an account by its full name, by its provider when that has only one account, or by a unique prefix of its name. Null
 * selects the only account there is.
 *
 * @param verb the command that takes the account, for the hint
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
  const named = label.length === 0 ? null : await vault.accountByName(provider, label.join('/'));
  if (named !== null) return named;
  const candidates = await vault.names(selector ?? '');
  const exact = candidates.filter((each) => accountName(each) === selector || each.provider === selector);
  const [only, ...others] = exact.length > 0 ? exact : candidates;
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

function notFound(selector: string | null, accounts: readonly AccountRef[]): VaultError {
  if (selector === null) {
    return new VaultError('account_not_found', 'there is no account in this vault yet', {
      hint: `${command('login google')}\n${command('providers')}`,
    });
  }
  const guesses = similarNames(selector, accounts).slice(0, GUESSES).join(' or ');
  return new VaultError('account_not_found', `there is no account whose name begins with ${selector}`, {
    hint: guesses === '' ? command('list') : `did you mean ${guesses}? to list them: ${command('list')}`,
  });
}

/**
 * The names that were probably meant: without the provider, in another case, or mistyped.
 *
 * @returns full names, quoted for a shell
 */
function similarNames(selector: string, accounts: readonly AccountRef[]): readonly string[] {
  const start = selector.toLowerCase();
  const begins = (text: string) => text.toLowerCase().startsWith(start);
  const plain = accounts.filter((account) => begins(accountName(account)) || begins(account.label));
  const parts = (account: AccountRef) => [accountName(account), account.provider, account.label];
  const guess = plain.length > 0 ? null : closest(selector, accounts.flatMap(parts));
  const found = guess === null ? plain : accounts.filter((account) => parts(account).includes(guess));
  return found.map(shellName);
}

function ambiguous(
  selector: string | null,
  matching: readonly [AccountRef, ...AccountRef[]],
  verb: Verb,
): VaultError {
  const names = matching.map(accountName);
  const shown = names.slice(0, LISTED).join(', ') + (names.length > LISTED ? ', …' : '');
  const what = selector === null ? 'there are several accounts' : `several accounts begin with ${selector}`;
  return new VaultError('account_ambiguous', `${what}: ${shown}`, {
    hint: `name one of them, for example: ${command(`${verb} ${shellName(matching[0])}`)}`,
    details: { accounts: names },
  });
}

/**
 * Before an account is reported missing: checks that none was deleted from the database behind the vault's back. Without the
 * key that cannot be checked, and the error says so.
 *
 * @param error reports that there is no such account
 * @returns the same, or the `vault_damaged` that was found instead
 */
export async function confirmMissing(vault: Vault | null, error: VaultError): Promise<VaultError> {
  try {
    await vault?.verifyRowSet();
    return error;
  } catch (failure) {
    if (!(failure instanceof VaultError)) throw failure;
    if (failure.exitCode !== ERROR_CODES.key_unavailable) return failure;
    const why = `could not check whether it was deleted from the database: ${failure.message}`;
    return reworded(error, { message: `${error.message}; ${why}`, cause: failure });
  }
}
