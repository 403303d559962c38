import { formatToken } from '../../src/services/token/token-formats.js';
import { tokenDocument } from '../../src/services/token/token-formats-rest.js';
import type { Truth } from './specimen.js';

/* Whether what a command gave, sent or listed is what was stored. */

/** What a token is given with, as it was stored. */
export async function wholeOf({ account, access, email }: Truth): Promise<string> {
  const accessToken = { reveal: () => access };
  const valid = { account, accessToken, email } as never;
  return JSON.stringify([tokenDocument(valid), await formatToken(valid, 'xoauth2'), null]);
}

/** Whether a request carries this account's refresh token, for its client, to its endpoint. */
export function isOf(
  { url, body }: { readonly url: string; readonly body: string },
  { account, refresh }: Truth,
) {
  const members = new URLSearchParams(body);
  const right = members.get('refresh_token') === refresh && members.get('client_id') === account.clientId;
  return right && url === account.tokenEndpoint;
}

type Visible = Truth['account'];

/** The facts that are bound to what is sealed. */
export function boundOf({ id, provider, label, issuer, tokenEndpoint, clientId, ...rest }: Visible): string {
  const { subjectDigest, generation, tokenType, issuedAt, expiresAt, grantExpiresAt, grantedScopes } = rest;
  const times = [issuedAt, expiresAt, grantExpiresAt];
  return JSON.stringify([
    [id, provider, label, issuer, tokenEndpoint, clientId],
    [subjectDigest, generation, tokenType, times, grantedScopes, rest.hasRefreshToken],
  ]);
}

/** Whether every visible fact is as it was stored. */
export function sameAs(found: Visible, { account }: Truth): boolean {
  return Object.entries(account).every(
    ([name, value]) => JSON.stringify(found[name as keyof Visible]) === JSON.stringify(value),
  );
}
