import { type Account, accountName, type Identity } from '../domain/account.js';
import { command, loginCommand, shellName, widenHint } from '../domain/hints.js';
import { missingScopes, readable } from '../domain/scopes.js';
import { relative, rfc3339 } from '../domain/time.js';
import type { VaultTrouble } from '../services/overview/overview.js';
import { loginStateOf, whatEnded } from './account-state.js';

/**
 * An account in `list --json`. The keys are an API: new ones may be added, none removed.
 *
 * @param time formats milliseconds since the epoch; a shared writer is faster for many accounts
 */
export function accountDocument(account: Account, time = rfc3339) {
  return {
    account: accountName(account),
    provider: account.provider,
    issuer: account.issuer,
    status: account.status,
    reason: account.reason,
    scopes: account.grantedScopes,
    missing_scopes: missingScopes(account.askedScopes, account.grantedScopes),
    expires_at: time(account.expiresAt),
    grant_expires_at: time(account.grantExpiresAt),
    has_refresh_token: account.hasRefreshToken,
    last_refresh_at: time(account.lastRefreshAt),
    last_error: account.lastError,
    created_at: time(account.createdAt),
    updated_at: time(account.updatedAt),
  };
}

/** `Ada Lovelace <ada@example.com>`, or what is known of it. */
export function userOf({ name, email, subject }: Identity): string {
  return name === null || email === null ? (email ?? name ?? subject) : `${name} <${email}>`;
}

/** What is wrong with an account, as a sentence that names it; null where nothing is. */
export function troubleOf(account: Account, now: number): string | null {
  const name = accountName(account);
  const ended = whatEnded(account, now);
  if (ended !== null) return `${name} needs a new login: ${ended}`;
  if (account.reason === null) return account.status === 'login_needed' ? `${name} needs a new login` : null;
  // The reason of a failing account does not mention its missing scopes.
  const missing =
    account.status === 'failing' ? missingScopes(account.askedScopes, account.grantedScopes) : [];
  const lacking = missing.length === 0 ? '' : `; ${readable(`not granted: ${missing.join(' ')}`)}`;
  const age = account.status === 'failing' ? relative(account.updatedAt, now) : null;
  const what = age === null ? '' : `the last refresh failed ${age}: `;
  const reason = `${what}${readable(account.reason)}${lacking}`;
  return reason.includes(name) ? reason : `${name}: ${reason}`;
}

/** The command for the next step; null when none is needed. */
export function remedyOf(account: Account, now: number): string | null {
  switch (loginStateOf(account, now)) {
    case 'needs login':
    case 'revoked':
      return loginCommand(account);
    case 'scopes missing': {
      const missing = missingScopes(account.askedScopes, account.grantedScopes);
      return missing.length === 0 ? null : widenHint(account, missing);
    }
    case 'failing':
      return command(`refresh ${shellName(account)} --force`);
    case 'ok':
      return null;
  }
}

/** What is wrong with the vault as a whole, with the command to type. */
export function vaultTroubles({ keyMissing, blockedSince }: VaultTrouble): readonly TroubleLine[] {
  const noKey = {
    message: `the key cannot be read: the ${keyMissing} does not exist`,
    hint: command('key status'),
  };
  const blocked = {
    message: 'nothing is refreshed: the vault is an older copy, or was copied or moved',
    hint: command('doctor --accept-rollback'),
  };
  return [...(keyMissing === null ? [] : [noKey]), ...(blockedSince === null ? [] : [blocked])];
}

interface TroubleLine {
  readonly message: string;
  readonly hint: string;
}

/**
 * A scope as short as a table needs it: the last part of one that is a URL, so that
 * `https://www.googleapis.com/auth/gmail.readonly` reads `gmail.readonly`.
 */
export function shortScope(scope: string): string {
  const match = /^https?:\/\/([^/]+)((?:\/[^/]+)*)\/?$/.exec(scope);
  const short = match === null ? scope : match[2]?.split('/').at(-1) || (match[1] ?? scope);
  return readable(short);
}

/** The hints of an error, indented to follow its message. */
export function hintLines(hint: string | undefined): readonly string[] {
  return hint === undefined ? [] : hint.split('\n').map((line) => `  hint: ${line}`);
}
