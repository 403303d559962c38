import { type Account, accountName } from '../domain/account.js';
import { missingScopes } from '../domain/scopes.js';
import { rfc3339, rfc3339Writer } from '../domain/time.js';

/** An account as `list --json` tells it. The keys are an API: more may join, none leaves. */
interface AccountDocument {
  readonly account: string;
  readonly provider: string;
  readonly issuer: string;
  readonly status: string;
  readonly reason: string | null;
  readonly scopes: readonly string[];
  readonly missing_scopes: readonly string[];
  readonly expires_at: string | null;
  readonly grant_expires_at: string | null;
  readonly has_refresh_token: boolean;
  readonly last_refresh_at: string | null;
  readonly last_error: string | null;
  readonly created_at: string | null;
  readonly updated_at: string | null;
}

/** @param time how to write milliseconds since the epoch; one writer for many accounts is faster */
export function accountDocument(account: Account, time = rfc3339): AccountDocument {
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

export function accountDocuments(accounts: readonly Account[]): readonly AccountDocument[] {
  const time = rfc3339Writer();
  return accounts.map((account) => accountDocument(account, time));
}
