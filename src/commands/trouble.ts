import { type Account, accountName } from '../domain/account.js';
import { loginCommand, shellName, widenHint } from '../domain/hints.js';
import { missingScopes, readable } from '../domain/scopes.js';

/** Why an account is not well, as one sentence with its name in it; null while it is. */
export function troubleOf(account: Account): string | null {
  if (account.reason === null) return null;
  const name = accountName(account);
  // A failure comes before scopes that are lacking, and does not hide them.
  const missing =
    account.status === 'failing' ? missingScopes(account.askedScopes, account.grantedScopes) : [];
  const lacking = missing.length === 0 ? '' : `; ${readable(`not granted: ${missing.join(' ')}`)}`;
  const reason = `${readable(account.reason)}${lacking}`;
  return reason.includes(name) ? reason : `${name}: ${reason}`;
}

/** The command that helps an account which is not well; null where there is none. */
export function remedyOf(account: Account): string | null {
  switch (account.status) {
    case 'login_needed':
    case 'revoked':
      return loginCommand(account);
    case 'insufficient_scope': {
      const missing = missingScopes(account.askedScopes, account.grantedScopes);
      return missing.length === 0 ? null : widenHint(account, missing);
    }
    case 'failing':
      return `vault refresh ${shellName(account)} --force`;
    case 'active':
      return null;
  }
}
