import { accountName } from '../../domain/account.js';
import { VaultError } from '../../domain/errors.js';
import { command, shellName } from '../../domain/hints.js';
import { rfc3339 } from '../../domain/time.js';
import type { ValidToken } from '../../domain/valid-token.js';
import { oauthbearer, xoauth2 } from '../../oauth/sasl.js';

type OtherFormat = 'header' | 'header-value' | 'json-header' | 'curl' | 'xoauth2' | 'oauthbearer';

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
export function formatOther(valid: ValidToken, format: OtherFormat, user: string | null): string {
  const value = headerValue(valid);
  switch (format) {
    case 'header':
      return `Authorization: ${value}`;
    case 'header-value':
      return value;
    case 'json-header':
      return JSON.stringify({ Authorization: value });
    case 'curl':
      // In double quotes curl reads a backslash and what follows as one character. A token has no control characters.
      return `header = "Authorization: ${value.replace(/[\\"]/g, '\\$&')}"`;
    case 'xoauth2':
      return xoauth2(user ?? ownMailbox(valid, format), valid.accessToken).reveal();
    case 'oauthbearer':
      return oauthbearer(user ?? ownMailbox(valid, format), valid.accessToken).reveal();
  }
}

function ownMailbox({ account, email }: ValidToken, format: OtherFormat): string {
  if (email !== null) return email;
  throw new VaultError(
    'usage',
    `the e-mail address of ${accountName(account)} is not known, and this format needs it`,
    {
      hint: `name the mailbox: ${command(`token ${shellName(account)} --format ${format} --user user@example.com`)}\nor log in with a scope that includes the address`,
    },
  );
}

/** Some providers answer `bearer`; the scheme is case-insensitive (RFC 9110 §11.1), but not every server treats it so. */
function headerValue({ account: { tokenType }, accessToken }: ValidToken): string {
  return `${/^bearer$/i.test(tokenType) ? 'Bearer' : tokenType} ${accessToken.reveal()}`;
}
