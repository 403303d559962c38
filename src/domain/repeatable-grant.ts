import { Secret } from './secret.js';

/** Grants that need no user: the client requests each token anew. There is no refresh token (RFC 6749 §4.4.3). */
export const REPEATABLE_GRANTS = ['client_credentials'] as const;
export type RepeatableGrant = (typeof REPEATABLE_GRANTS)[number];

const PREFIX = 'urn:token-vault:repeat:';

/**
 * Sealed in place of the refresh token: it says how the account is renewed. So everything that renews, copies and restores
 * accounts treats them alike, and an account never changes from one grant to another with an edit of the configuration.
 */
export function repeating(grant: RepeatableGrant): Secret {
  return new Secret(`${PREFIX}${grant}`);
}

/** @returns null for a refresh token of a provider */
export function repeatedGrant(token: Secret): RepeatableGrant | null {
  return REPEATABLE_GRANTS.find((grant) => token.reveal() === `${PREFIX}${grant}`) ?? null;
}
