import { createHash } from 'node:crypto';
import { accountName } from '../../domain/account.js';
import type { Secret } from '../../domain/secret.js';
import type { ValidToken } from '../../domain/valid-token.js';
import type { TokenRequest } from './token-request.js';

/** Names a refused token, so that neither a request nor the agent's socket carries the token itself. */
export function digestOf(token: Secret): string {
  return createHash('sha256').update(token.reveal(), 'utf8').digest('hex');
}

/**
 * Another access token, after one was refused. When the account was refreshed meanwhile, its new token will do, so that many
 * callers whose tokens are refused together make one refresh.
 *
 * @throws VaultError as `ensureValid`
 */
export function renewedToken(
  token: (request: TokenRequest) => Promise<ValidToken>,
  request: TokenRequest,
  { account, accessToken }: ValidToken,
): Promise<ValidToken> {
  // A selector may fit another account by now.
  const selector = accountName(account);
  return token({ ...request, selector, refresh: false, refused: digestOf(accessToken) });
}
