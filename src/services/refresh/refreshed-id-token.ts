import { accountName } from '../../domain/account.js';
import { VaultError } from '../../domain/errors.js';
import type { Secret } from '../../domain/secret.js';
import { partOf } from '../../oauth/claims.js';
import { endOfIdToken, readRefreshedIdToken } from '../../oauth/id-token.js';
import { subjectOfClaims } from '../../oauth/identity.js';
import type { Provider } from '../../providers/contract.js';
import type { SealedAccount } from '../../stores/contract.js';
import type { Contents, IdToken } from '../../vault/sealed-account.js';

/** An id_token that a refresh brought, or why it is not stored. */
export type CheckedIdToken =
  | { readonly idToken: IdToken; readonly warning: null }
  | { readonly idToken: null; readonly warning: string };

/**
 * Whether the id_token of a refresh is about the user of the account (OpenID Connect Core §12.2). Never throws: the other tokens
 * of the answer have to be stored in any case.
 */
export async function checkIdToken(
  account: SealedAccount,
  provider: Provider,
  { identity, idToken: stored }: Contents,
  idToken: Secret,
  now: number,
): Promise<CheckedIdToken> {
  try {
    const { issuer, clientId } = account;
    const before = stored === null ? null : partOf(stored.token, 1);
    const claims = await readRefreshedIdToken({ idToken, issuer, clientId, before, now });
    if (before === null && subjectOfClaims(provider.identity, claims) !== identity.subject)
      throw new VaultError('provider_answer_invalid', 'the id_token is about another user');
    return { idToken: { token: idToken, expiresAt: endOfIdToken(claims) }, warning: null };
  } catch (failure) {
    const why = failure instanceof VaultError ? failure.message : 'the id_token cannot be checked';
    return {
      idToken: null,
      warning: `the refresh of ${accountName(account)} brought an id_token that is not stored: ${why}; the other tokens are`,
    };
  }
}
