import { accountName } from '../../domain/account.js';
import { VaultError } from '../../domain/errors.js';
import type { Secret } from '../../domain/secret.js';
import { isUnidentified } from '../../domain/unidentified.js';
import { partOf } from '../../oauth/claims.js';
import { issuerOfTenant } from '../../oauth/discovery.js';
import { endOfIdToken, readRefreshedIdToken } from '../../oauth/id-token.js';
import { subjectOfClaims } from '../../oauth/identity.js';
import type { Provider } from '../../providers/contract.js';
import type { SealedAccount } from '../../stores/contract.js';
import type { Contents, IdToken } from '../../vault/sealed-account.js';

/** An id_token that a refresh brought, or why it is not stored. */
export type CheckedIdToken =
  | { readonly idToken: IdToken; readonly warning: null }
  | { readonly idToken: null; readonly warning: string };

/** An imported account has the provider's issuer, which may be a template, until it is known whose it is. */
function issuerFor(issuer: string, idToken: Secret): string {
  return issuerOfTenant(issuer, partOf(idToken, 1)?.['tid']) ?? issuer;
}

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
    const { clientId } = account;
    const before = stored === null ? null : partOf(stored.token, 1);
    const isFirst = before === null && isUnidentified(identity);
    const issuer = isFirst ? issuerFor(account.issuer, idToken) : account.issuer;
    const claims = await readRefreshedIdToken({ idToken, issuer, clientId, before, now });
    if (before === null && !isFirst && subjectOfClaims(provider.identity, claims) !== identity.subject)
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
