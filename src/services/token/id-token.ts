import { accountName } from '../../domain/account.js';
import { type Audit, aboutAccount } from '../../domain/audit-events.js';
import { formatDuration } from '../../domain/duration-text.js';
import { VaultError } from '../../domain/errors.js';
import type { ValidToken } from '../../domain/valid-token.js';
import type { SealedAccount } from '../../stores/contract.js';
import type { Vault } from '../../vault/vault.js';
import { livesLongEnough } from './id-token-life.js';
import type { RenewContext } from './renew.js';
import type { FoundIdToken } from './renew-id-token.js';
import type { TokenRequest } from './token-request.js';

interface IdTokenContext extends RenewContext {
  readonly audit?: Pick<Audit, 'record'>;
}

/**
 * The stored id_token if it is valid for long enough, else one that a refresh brings.
 *
 * @returns `changed` when another process has changed the account, so that the request starts again
 * @throws VaultError why there is none
 */
export async function ensureIdToken(
  ctx: IdTokenContext,
  vault: Vault,
  account: SealedAccount,
  request: TokenRequest,
): Promise<ValidToken | 'changed'> {
  if (request.withIdentity)
    throw new VaultError('usage', 'mail servers take an access token, not an id_token', {
      hint: 'leave out --id-token',
    });
  const { idTokenExpiresAt: expiresAt, grantedScopes } = account;
  const asItIs = !request.refresh && request.refused === undefined;
  if (asItIs && expiresAt !== null && request.scopes.every((scope) => grantedScopes.includes(scope))) {
    const token = await vault.idToken(account);
    if (token !== null && livesLongEnough(token, expiresAt, request.minValid, ctx.clock.now()))
      return given(ctx, { account, token, expiresAt, warning: null }, request);
  }
  const { renewIdToken } = await import('./renew-id-token.js');
  const found = await renewIdToken(ctx, vault, account, request);
  return found === 'changed' ? found : given(ctx, found, request);
}

function given(
  { audit, clock }: IdTokenContext,
  { account, token, expiresAt, warning }: FoundIdToken,
  { minValid, insist, client }: TokenRequest,
): ValidToken {
  const left = expiresAt - clock.now();
  const short =
    left < minValid ? `the id_token of ${accountName(account)} expires in ${formatDuration(left)}` : null;
  if (short !== null && insist === true)
    throw new VaultError('usage', short, { hint: 'ask for a shorter time: min_valid=1m' });
  audit?.record({ event: 'token_given', ...aboutAccount(account), token: 'id_token', ...client });
  const warnings = [short, warning].filter((each) => each !== null);
  return {
    account: { ...account, tokenType: 'Bearer', expiresAt },
    accessToken: token,
    isIdToken: true,
    email: null,
    warning: warnings.join('; ') || null,
  };
}
