import { accountName } from '../../domain/account.js';
import { VaultError } from '../../domain/errors.js';
import { command, shellName } from '../../domain/hints.js';
import { rfc3339 } from '../../domain/time.js';
import type { ValidToken } from '../../domain/valid-token.js';

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

/**
 * @param user the mailbox to name; null: the account's own
 * @throws VaultError `usage` when the format names a mailbox and none is known
 */
export async function formatToken(
  valid: ValidToken,
  format: Exclude<TokenFormat, 'json'>,
  user: string | null = null,
): Promise<string> {
  const { account, accessToken } = valid;
  switch (format) {
    case 'raw':
      return accessToken.reveal();
    case 'header':
      return `Authorization: ${scheme(account.tokenType)} ${accessToken.reveal()}`;
    case 'xoauth2':
    case 'oauthbearer': {
      const sasl = await import('../../oauth/sasl.js');
      return sasl[format](user ?? ownMailbox(valid, format), accessToken).reveal();
    }
  }
}

/** Some providers answer `bearer`; the scheme is case-insensitive (RFC 9110 §11.1), but not every server treats it so. */
function scheme(tokenType: string): string {
  return /^bearer$/i.test(tokenType) ? 'Bearer' : tokenType;
}

function ownMailbox({ account, email }: ValidToken, format: TokenFormat): string {
  if (email !== null) return email;
  throw new VaultError(
    'usage',
    `the e-mail address of ${accountName(account)} is not known, and this format needs it`,
    {
      hint: `name the mailbox: ${command(`token ${shellName(account)} --format ${format} --user user@example.com`)}\nor log in with a scope that includes the address`,
    },
  );
}
