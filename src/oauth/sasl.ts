import { checkMailbox } from '../domain/mailbox.js';
import { Secret } from '../domain/secret.js';

/**
 * The initial client response of XOAUTH2, base64 (Google "OAuth 2.0 Mechanism", Microsoft "Authenticate an IMAP, POP or
 * SMTP connection using OAuth").
 *
 * @param user the address of the mailbox
 * @throws VaultError `usage` when the address contains control characters
 */
export function xoauth2(user: string, token: Secret): Secret {
  return encoded(`user=${checkMailbox(user)}\x01auth=Bearer ${token.reveal()}\x01\x01`);
}

/**
 * The initial client response of OAUTHBEARER, base64 (RFC 7628 §3.1), without the optional host and port.
 *
 * @param user the address of the mailbox
 * @throws VaultError `usage` when the address contains control characters
 */
export function oauthbearer(user: string, token: Secret): Secret {
  // RFC 5801 §4: an authorization identity spells `=` and `,` so that it cannot end its own field.
  const identity = checkMailbox(user).replaceAll('=', '=3D').replaceAll(',', '=2C');
  return encoded(`n,a=${identity},\x01auth=Bearer ${token.reveal()}\x01\x01`);
}

function encoded(response: string): Secret {
  return new Secret(Buffer.from(response, 'utf8').toString('base64'));
}
