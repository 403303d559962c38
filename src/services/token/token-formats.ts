import { accountName } from '../../domain/account.js';
import { rfc3339 } from '../../domain/time.js';
import type { ValidToken } from '../../domain/valid-token.js';

/* How a token is written out, on stdout and on the agent's socket alike. */

export const TOKEN_FORMATS = [
  'raw',
  'header',
  'header-value',
  'json-header',
  'curl',
  'json',
  'xoauth2',
  'oauthbearer',
] as const;
export type TokenFormat = (typeof TOKEN_FORMATS)[number];

/** Whether a format names the mailbox, for which the identity has to be unsealed. */
export function namesMailbox(format: TokenFormat | null): boolean {
  return format === 'xoauth2' || format === 'oauthbearer';
}

/** As `token --json` gives it. The keys are an API: new ones may be added, none is removed. */
export function tokenDocument({ account, accessToken, isIdToken }: ValidToken) {
  return {
    account: accountName(account),
    [isIdToken === true ? 'id_token' : 'access_token']: accessToken.reveal(),
    token_type: account.tokenType,
    expires_at: rfc3339(account.expiresAt),
    scopes: account.grantedScopes,
  };
}

/**
 * @param user the mailbox to name; null: the account's own
 * @throws VaultError `usage` when the format names a mailbox and none is known
 */
export async function formatToken(
  valid: ValidToken,
  format: Exclude<TokenFormat, 'json'>,
  user: string | null = null,
): Promise<string> {
  if (format === 'raw') return valid.accessToken.reveal();
  const value = headerValue(valid);
  if (format === 'header') return `Authorization: ${value}`;
  return (await import('./token-formats-rest.js')).formatOther(valid, format, value, user);
}

/** Some providers answer `bearer`; the scheme is case-insensitive (RFC 9110 §11.1), but not every server treats it so. */
function headerValue({ account: { tokenType }, accessToken }: ValidToken): string {
  return `${/^bearer$/i.test(tokenType) ? 'Bearer' : tokenType} ${accessToken.reveal()}`;
}
