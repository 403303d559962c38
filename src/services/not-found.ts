import { providerNames, type SettingsSources } from '../config/settings.js';
import { accountName } from '../domain/account.js';
import { closest } from '../domain/closest.js';
import { VaultError } from '../domain/errors.js';
import { command, shellName } from '../domain/hints.js';
import { quoted } from '../domain/safe-text.js';
import type { AccountRef } from '../stores/contract.js';
import { firstLogin, isReady } from './first-login.js';

const GUESSES = 3;

/**
 * Reports that a selector selects no account, with the command that probably helps: a login, where its provider has none yet;
 * else a similar name.
 *
 * @param selector null: any account
 * @param accounts all there are
 * @returns `account_not_found`
 */
export function notFound(
  selector: string | null,
  accounts: readonly AccountRef[],
  sources: SettingsSources,
): VaultError {
  const missing = (message: string, hint: string) => new VaultError('account_not_found', message, { hint });
  const known = providerNames(sources);
  if (selector === null)
    return missing(
      'there is no account in this vault yet',
      `${firstLogin(sources)}\n${command('providers')}`,
    );
  const [provider = ''] = selector.split('/');
  if (known.includes(provider) && accounts.every((account) => account.provider !== provider)) {
    const out = `you are not logged in to ${provider}`;
    const what = selector === provider ? out : `there is no account ${selector}: ${out}`;
    return isReady(provider, sources)
      ? missing(what, command(`login ${provider}`))
      : missing(`${what}, which is not set up yet`, command(`setup ${provider}`));
  }
  const guesses = similarNames(selector, accounts).slice(0, GUESSES).join(' or ');
  const meant = guesses === '' ? closest(selector, known) : null;
  if (meant !== null && !known.includes(selector))
    return missing(
      `there is no account ${selector}`,
      `did you mean ${meant}? to log in: ${command(`login ${quoted(meant)}`)}`,
    );
  if (accounts.length === 0)
    return missing(
      `there is no account ${selector}, and none in this vault yet`,
      `${firstLogin(sources)}\n${command('providers')}`,
    );
  return missing(
    `there is no account ${selector}`,
    guesses === '' ? command('list') : `did you mean ${guesses}? to list them: ${command('list')}`,
  );
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
