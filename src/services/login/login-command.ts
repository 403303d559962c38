import { type Account, accountName } from '../../domain/account.js';
import { isReadable } from '../../domain/scopes.js';
import { quoted } from '../../domain/shell-word.js';
import type { LoginRequest } from './login-contract.js';

const ADDRESS = /^[^@]+@[^@]+\.\p{L}+$/u;

/**
 * The command that logs an account in again, as a person would type it. It says whom it is about, so that the browser
 * does not quietly choose another person who is signed in there, or that another person is at least refused the name.
 */
export function loginCommand(account: Pick<Account, 'provider' | 'label'>): string {
  const option = ADDRESS.test(account.label) ? '--login-hint' : '--as';
  return `vault login ${quoted(account.provider)} ${option} ${quoted(account.label)}`;
}

/** The command that widens the grant of an account by scopes it lacks. */
export function widenCommand(
  account: Pick<Account, 'provider' | 'label'>,
  missing: readonly string[],
): string {
  const scopes = [...new Set(missing)].map((scope) => ` --add-scope ${quoted(scope)}`);
  return `${loginCommand(account)}${scopes.join('')}`;
}

/** What helps an account that lacks scopes: that command, or where they stand whole when one is too long for it. */
export function widenHint(account: Pick<Account, 'provider' | 'label'>, missing: readonly string[]): string {
  return missing.every(isReadable)
    ? widenCommand(account, missing)
    : `log in again with the scopes that are named by: vault show ${shellName(account)} --json`;
}

/**
 * The login a person asked for, once more and in another way.
 *
 * @param way `--paste`, `--device` or `--no-browser`; empty: in the browser
 */
export function againCommand(
  request: Pick<LoginRequest, 'provider' | 'as' | 'scopes' | 'addScopes' | 'loginHint'>,
  way: '' | '--paste' | '--device' | '--no-browser' = '',
): string {
  const { provider, as, scopes, addScopes, loginHint } = request;
  const option = (name: string, value: string) => ` ${name} ${quoted(value)}`;
  return [
    `vault login ${quoted(provider)}`,
    as === null ? '' : option('--as', as),
    ...scopes.map((scope) => option('--scope', scope)),
    ...addScopes.map((scope) => option('--add-scope', scope)),
    loginHint === null ? '' : option('--login-hint', loginHint),
    way === '' ? '' : ` ${way}`,
  ].join('');
}

/** The account's name, fit for a shell. */
export function shellName(account: Pick<Account, 'provider' | 'label'>): string {
  return quoted(accountName(account));
}
