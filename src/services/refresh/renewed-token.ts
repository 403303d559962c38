import { accountName } from '../../domain/account.js';
import type { TokenRequest, ValidToken } from '../contract.js';

/**
 * Another access token, after one was refused. When somebody else has refreshed the account meanwhile, theirs does, so
 * that many whose tokens are refused together make one refresh.
 *
 * @throws VaultError as `ensureValid`
 */
export async function renewedToken(
  token: (request: TokenRequest) => Promise<ValidToken>,
  request: TokenRequest,
  refused: ValidToken,
): Promise<ValidToken> {
  // A selector may fit another account by now.
  const same = { ...request, selector: accountName(refused.account) };
  const present = await token({ ...same, refresh: false });
  if (present.accessToken.reveal() !== refused.accessToken.reveal()) return present;
  return token({ ...same, refresh: true });
}
