import type { RepeatableGrant } from './repeatable-grant.js';

export const ACCOUNT_STATUSES = [
  'active',
  'insufficient_scope',
  'login_needed',
  'failing',
  'revoked',
] as const;
export type AccountStatus = (typeof ACCOUNT_STATUSES)[number];

/**
 * One identity at one provider: issuer and subject. These fields are readable on disk without a key; the tokens and
 * the identity are sealed (see vault/).
 */
export interface Account {
  /** A random UUID that never changes; lock files and sealed fields are bound to it. */
  readonly id: string;
  readonly provider: string;
  /** The part of the name after the slash. */
  readonly label: string;
  readonly issuer: string;
  /** Keyed digest of issuer and subject in lower-case hex: a login finds its account though the identity is sealed. */
  readonly subjectDigest: string;
  /** The only endpoint to which the refresh token of this account is ever sent. */
  readonly tokenEndpoint: string;
  readonly clientId: string;
  /** Goes up by one with each change of the sealed fields. */
  readonly generation: number;
  readonly status: AccountStatus;
  /** The reason of the status, as a sentence; null while the account works. */
  readonly reason: string | null;
  readonly askedScopes: readonly string[];
  readonly grantedScopes: readonly string[];
  /** The scheme of the header, usually `Bearer`. */
  readonly tokenType: string;
  /** When the access token was requested; its lifetime counts from here. */
  readonly issuedAt: number;
  /** End of the access token; null when the provider does not report it. */
  readonly expiresAt: number | null;
  /** End of the grant, that is of the refresh token; null when the provider does not report it. */
  readonly grantExpiresAt: number | null;
  /** True also where the account is renewed by repeating its grant; see {@link RepeatableGrant}. */
  readonly hasRefreshToken: boolean;
  /** End of the id_token (OpenID Connect Core §2); null when there is none. */
  readonly idTokenExpiresAt: number | null;
  readonly lastRefreshAt: number | null;
  /** The closed error code of the last failed refresh; null after a success. */
  readonly lastError: string | null;
  /** Failed refreshes in a row. */
  readonly failures: number;
  /** End of the backoff after several failures; null when there is none. */
  readonly retryAt: number | null;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** How and when the user agreed to scopes. */
export interface Consent {
  readonly at: number;
  /** A grant where no user was asked; `import`: the user agreed in another program, at an unknown time. */
  readonly how: 'browser' | 'paste' | 'device' | 'import' | RepeatableGrant;
  readonly askedScopes: readonly string[];
  readonly grantedScopes: readonly string[];
}

/** The owner of the account, as reported by the provider. Sealed at rest. */
export interface Identity {
  /** The provider's id of the user, unique within the issuer. */
  readonly subject: string;
  readonly email: string | null;
  readonly name: string | null;
  /** More facts of the identity, such as a channel or a workspace. */
  readonly details: Readonly<Record<string, string>>;
}

/** `provider/label`. */
export function accountName(account: Pick<Account, 'provider' | 'label'>): string {
  return `${account.provider}/${account.label}`;
}
