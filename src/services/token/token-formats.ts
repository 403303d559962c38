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
  return (await import('./token-formats-rest.js')).formatOther(valid, format, user);
}
