import { type Account, accountName } from '../domain/account.js';

/**
 * The command that logs an account in again, as a person would type it. The hint keeps the browser from quietly
 * choosing another person who is signed in there.
 */
export function loginCommand(account: Pick<Account, 'provider' | 'label'>): string {
  const hint = account.label.includes('@') ? ` --login-hint ${quoted(account.label)}` : '';
  return `vault login ${quoted(account.provider)}${hint}`;
}

/** The command that widens the grant of an account by scopes it lacks. */
export function widenCommand(
  account: Pick<Account, 'provider' | 'label' | 'askedScopes'>,
  missing: readonly string[],
): string {
  const scopes = [...new Set([...account.askedScopes, ...missing])].map(
    (scope) => ` --scope ${quoted(scope)}`,
  );
  return `${loginCommand(account)}${scopes.join('')}`;
}

/** The account's name, fit for a shell. */
export function shellName(account: Pick<Account, 'provider' | 'label'>): string {
  return quoted(accountName(account));
}

/** Leaves plain words alone; anything a shell would act on goes between single quotes. */
function quoted(word: string): string {
  return /^[A-Za-z0-9@%+=:,./_-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
