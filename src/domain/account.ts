/**
 * An account is one identity at one provider: issuer + subject. What stands here is visible on disk without a
 * key; tokens and the identity itself are sealed (see vault/).
 */
export const ACCOUNT_STATUSES = [
  'active',
  'insufficient_scope',
  'login_needed',
  'failing',
  'revoked',
] as const;
export type AccountStatus = (typeof ACCOUNT_STATUSES)[number];

export interface Account {
  /** A random UUID that stays for life; lock files and sealed fields are bound to it. */
  readonly id: string;
  readonly provider: string;
  /** The part of the name after the slash. */
  readonly label: string;
  readonly issuer: string;
  /** Keyed digest of issuer and subject in lower-case hex, so that a login finds its account without the identity being readable. */
  readonly subjectDigest: string;
  /** The only endpoint to which the refresh token of this account is ever sent. */
  readonly tokenEndpoint: string;
  readonly clientId: string;
  /** Goes up by one with each change of the sealed fields. */
  readonly generation: number;
  readonly status: AccountStatus;
  /** Why the status is what it is, in words; null while all is well. */
  readonly reason: string | null;
  readonly askedScopes: readonly string[];
  readonly grantedScopes: readonly string[];
  /** As it goes before the token in a header, usually `Bearer`. */
  readonly tokenType: string;
  /** When the access token was asked for, milliseconds since the epoch. Its lifetime counts from here. */
  readonly issuedAt: number;
  /** End of the access token, milliseconds since the epoch; null when the provider does not say. */
  readonly expiresAt: number | null;
  /** End of the grant itself (of the refresh token), where the provider says. */
  readonly grantExpiresAt: number | null;
  readonly hasRefreshToken: boolean;
  readonly lastRefreshAt: number | null;
  /** The closed error code of the last failed refresh; null after a success. */
  readonly lastError: string | null;
  /** Failed refreshes in a row. */
  readonly failures: number;
  /** Before this no refresh is tried by itself, after several failures; null while there is nothing to wait for. */
  readonly retryAt: number | null;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** How and when a person agreed to scopes. */
export interface Consent {
  readonly at: number;
  readonly how: 'browser' | 'paste' | 'device';
  readonly askedScopes: readonly string[];
  readonly grantedScopes: readonly string[];
}

/** Who the account belongs to, as the provider told it. Sealed at rest. */
export interface Identity {
  /** What the provider calls the person, unique within the issuer. */
  readonly subject: string;
  readonly email: string | null;
  readonly name: string | null;
  /** Further facts that are part of the identity, such as a channel or a workspace. */
  readonly details: Readonly<Record<string, string>>;
}

/** The name by which people and scripts call an account: `provider/label`. */
export function accountName(account: Pick<Account, 'provider' | 'label'>): string {
  return `${account.provider}/${account.label}`;
}
