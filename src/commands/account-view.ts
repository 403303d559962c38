import { type Account, type AccountStatus, accountName, type Identity } from '../domain/account.js';
import { command, loginCommand, shellName, widenHint } from '../domain/hints.js';
import { missingScopes, readable } from '../domain/scopes.js';
import { rfc3339 } from '../domain/time.js';
import type { Theme } from '../ui/io.js';

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

/** The reason of the account's status as a sentence that names the account; null when there is none. */
export function troubleOf(account: Account): string | null {
  if (account.reason === null) return null;
  const name = accountName(account);
  // The reason of a failing account does not mention its missing scopes.
  const missing =
    account.status === 'failing' ? missingScopes(account.askedScopes, account.grantedScopes) : [];
  const lacking = missing.length === 0 ? '' : `; ${readable(`not granted: ${missing.join(' ')}`)}`;
  const reason = `${readable(account.reason)}${lacking}`;
  return reason.includes(name) ? reason : `${name}: ${reason}`;
}

/** The command for the next step; null when none is needed. */
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
      return command(`refresh ${shellName(account)} --force`);
    case 'active':
      return null;
  }
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

export function paintStatus(status: string, theme: Theme): string {
  return theme[STATUS_STYLE[status as AccountStatus] ?? 'yellow'](status);
}

const STATUS_STYLE: Record<AccountStatus, keyof Theme> = {
  active: 'green',
  insufficient_scope: 'yellow',
  login_needed: 'red',
  failing: 'yellow',
  revoked: 'dim',
};

export function paintOutcome(outcome: string, theme: Theme): string {
  if (/^(?:refreshed|revoked|would_)/.test(outcome)) return theme.green(outcome);
  if (outcome === 'skipped') return theme.dim(outcome);
  return /^(?:forgotten|transient|busy)/.test(outcome) ? theme.yellow(outcome) : theme.red(outcome);
}

/** The hints of an error, indented to follow its message. */
export function hintLines(hint: string | undefined): readonly string[] {
  return hint === undefined ? [] : hint.split('\n').map((line) => `  hint: ${line}`);
}
