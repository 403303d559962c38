import { Secret } from './secret.js';

/** Grants that need no user: the client requests each token anew. There is no refresh token (RFC 6749 §4.4.3). */
export const REPEATABLE_GRANTS = ['client_credentials', 'token_exchange'] as const;
export type RepeatableGrant = (typeof REPEATABLE_GRANTS)[number];

/** How an account is renewed that has no refresh token. */
export interface Repeated {
  readonly grant: RepeatableGrant;
  /** The id of the account whose token is exchanged; null for the client's own grant. */
  readonly from: string | null;
}

const MARK = /^urn:token-vault:repeat:([a-z_]+)(?::([0-9a-f-]{36}))?$/;

/**
 * Sealed in place of the refresh token: it says how the account is renewed. So everything that renews, copies and restores
 * accounts treats them alike, and an account never changes from one grant to another with an edit of the configuration.
 */
export function repeating({ grant, from }: Repeated): Secret {
  return new Secret(`urn:token-vault:repeat:${grant}${from === null ? '' : `:${from}`}`);
}

/** @returns null for a refresh token of a provider */
export function repeatedGrant(token: Secret): Repeated | null {
  const [, name, from = null] = MARK.exec(token.reveal()) ?? [];
  const grant = REPEATABLE_GRANTS.find((each) => each === name);
  return grant === undefined ? null : { grant, from };
}
