import { type Account, accountName } from '../../domain/account.js';
import type { ThroughAgent } from '../../domain/audit-events.js';
import { VaultError } from '../../domain/errors.js';
import { command, shellName } from '../../domain/hints.js';
import type { Secret } from '../../domain/secret.js';
import { rfc3339 } from '../../domain/time.js';

export interface TokenRequest {
  /** A name, a provider or a unique prefix; null: the only account there is. */
  readonly selector: string | null;
  /** The token must be valid for at least this long, in milliseconds. */
  readonly minValid: number;
  /** Fail if the token expires sooner, instead of warning: the caller shows no warnings. */
  readonly insist?: boolean;
  readonly scopes: readonly string[];
  /** Refresh even if the token is valid. */
  readonly refresh: boolean;
  /** Return a token that is not a Bearer token as well: the caller prints its type. */
  readonly anyType?: boolean;
  /** Unseal the account's identity, for formats that name the mailbox. */
  readonly withIdentity: boolean;
  /** Who asked the agent, for the audit trail. */
  readonly caller?: ThroughAgent;
}

export interface ValidToken {
  readonly account: Pick<Account, 'provider' | 'label' | 'tokenType' | 'expiresAt' | 'grantedScopes'>;
  readonly accessToken: Secret;
  /** The account's mailbox; null unless `withIdentity` was set, or when the provider did not report one. */
  readonly email: string | null;
  /** For stderr. */
  readonly warning: string | null;
}

/* How a token is written out, on stdout and on the agent's socket alike. */

export const TOKEN_FORMATS = ['raw', 'header', 'json', 'xoauth2', 'oauthbearer'] as const;
export type TokenFormat = (typeof TOKEN_FORMATS)[number];

/** Whether a format names the mailbox, for which the identity has to be unsealed. */
export function namesMailbox(format: TokenFormat | null): boolean {
  return format === 'xoauth2' || format === 'oauthbearer';
}

/** As `token --json` gives it. The keys are an API: new ones may be added, none is removed. */
export function tokenDocument({ account, accessToken }: ValidToken) {
  return {
    account: accountName(account),
    access_token: accessToken.reveal(),
    token_type: account.tokenType,
    expires_at: rfc3339(account.expiresAt),
    scopes: account.grantedScopes,
  };
}

/** @throws VaultError `usage` when the format names a mailbox and none is known */
export async function formatToken(valid: ValidToken, format: Exclude<TokenFormat, 'json'>): Promise<string> {
  const { account, accessToken } = valid;
  switch (format) {
    case 'raw':
      return accessToken.reveal();
    case 'header':
      return `Authorization: ${scheme(account.tokenType)} ${accessToken.reveal()}`;
    case 'xoauth2':
    case 'oauthbearer': {
      const sasl = await import('../../oauth/sasl.js');
      return sasl[format](mailbox(valid), accessToken).reveal();
    }
  }
}

/** Some providers answer `bearer`; the scheme is case-insensitive (RFC 9110 §11.1), but not every server treats it so. */
function scheme(tokenType: string): string {
  return /^bearer$/i.test(tokenType) ? 'Bearer' : tokenType;
}

function mailbox({ account, email }: ValidToken): string {
  if (email !== null) return email;
  throw new VaultError(
    'usage',
    `the e-mail address of ${accountName(account)} is not known, and this format needs it`,
    {
      hint: `${command(`token ${shellName(account)} --format header`)}\nor log in with a scope that includes the address`,
    },
  );
}
