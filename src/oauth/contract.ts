import type { Secret } from '../domain/secret.js';

/**
 * One tolerant reading of what token endpoints really send. Absent and unusable members are null; `flaws` names
 * what was wrong, in words that hold no value of the answer.
 */
export interface GrantedAnswer {
  readonly kind: 'granted';
  /**
   * Null when the answer has a usable refresh token but no usable access token: the refresh token must be stored
   * all the same, because the one it replaces may be dead already. `flaws` says what was wrong.
   */
  readonly accessToken: Secret | null;
  /** Null when the answer brings none (absent, null or empty). */
  readonly refreshToken: Secret | null;
  /** As it goes before the token in a header: `Bearer` for every spelling of it and when missing, else as sent. */
  readonly tokenType: string;
  /** Seconds; null when unknown. */
  readonly expiresIn: number | null;
  /** Seconds until the grant itself ends; null when unknown. */
  readonly refreshTokenExpiresIn: number | null;
  /** Null when the answer does not say, which means: as asked (RFC 6749 §5.1). */
  readonly scopes: readonly string[] | null;
  readonly idToken: Secret | null;
  /** The whole parsed answer, for identity paths. Holds secrets: never log or print it. */
  readonly members: Readonly<Record<string, unknown>>;
  readonly flaws: readonly string[];
}

/** What an error answer means for the person. */
export type RefusalClass = 'login_needed' | 'configuration' | 'policy' | 'transient';

export interface RefusedAnswer {
  readonly kind: 'refused';
  readonly class: RefusalClass;
  /** The provider's error code, cleaned: `invalid_grant`; `http_503` or `not_json` where it sent none. */
  readonly error: string;
  /** The provider's finer code, for example `invalid_rapt` or `AADSTS50173`; null when there is none. */
  readonly detail: string | null;
  /** error_description with control characters removed, tokens and addresses redacted, at most 200 characters; null when there is none. */
  readonly description: string | null;
  /** Milliseconds, clamped to at most one hour; null when the provider does not say. */
  readonly retryAfter: number | null;
  /**
   * Whether the provider may have carried the request out all the same: it failed at it, or something in between answered in
   * its place. A refresh token that was sent may then have been replaced.
   */
  readonly leavesOpen: boolean;
}

export type TokenAnswer = GrantedAnswer | RefusedAnswer;

export type RevocationOutcome =
  | { readonly kind: 'revoked' }
  | { readonly kind: 'already_gone' }
  /** The provider has no way to revoke. */
  | { readonly kind: 'unsupported' }
  | { readonly kind: 'transient'; readonly reason: string; readonly retryAfter: number | null }
  | { readonly kind: 'refused'; readonly error: string; readonly description: string | null };

/** The authorization response after all checks (state, iss, duplicates). */
export type AuthorizationResponse =
  | { readonly kind: 'code'; readonly code: Secret; readonly parameters: URLSearchParams }
  | { readonly kind: 'error'; readonly error: string; readonly description: string | null };

/** Metadata of an authorization server (RFC 8414, OpenID Connect Discovery 1.0), only what is used. */
export interface ServerMetadata {
  readonly issuer: string;
  /** Nobody has said which one it is: it stands for the origin of the token endpoint. */
  readonly issuerAssumed?: boolean;
  readonly authorizationEndpoint: string;
  readonly tokenEndpoint: string;
  readonly revocationEndpoint: string | null;
  readonly deviceAuthorizationEndpoint: string | null;
  readonly userinfoEndpoint: string | null;
  /** Null when it does not say. */
  readonly codeChallengeMethods: readonly string[] | null;
  /** RFC 9207 §3. */
  readonly responseIssSupported: boolean;
  readonly idTokenSigningAlgorithms: readonly string[];
  readonly tokenEndpointAuthMethods: readonly string[] | null;
  /** Every authorization request has to be pushed first (RFC 9126 §5). */
  readonly pushedRequestsRequired?: boolean;
  /** Tokens can be bound to a key of the client (RFC 9449 §5.1). */
  readonly dpopKnown?: boolean;
}
