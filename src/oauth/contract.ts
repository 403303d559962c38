import type { Secret } from '../domain/secret.js';

/**
 * The parsed answer of a token endpoint. Missing and unusable members are null; `flaws` names what was wrong, and holds
 * no value of the answer.
 */
export interface GrantedAnswer {
  readonly kind: 'granted';
  /**
   * Null when only the refresh token is usable: it must be stored nevertheless, because the one it replaces may no longer
   * work.
   */
  readonly accessToken: Secret | null;
  /** Null when absent, null or empty. */
  readonly refreshToken: Secret | null;
  /** The scheme for the header: `Bearer` for every spelling of it and when missing, else as sent. */
  readonly tokenType: string;
  /** Seconds; null when unknown. */
  readonly expiresIn: number | null;
  /** Seconds until the grant itself expires; null when unknown. */
  readonly refreshTokenExpiresIn: number | null;
  /** Null when missing, which means: as requested (RFC 6749 §5.1). */
  readonly scopes: readonly string[] | null;
  readonly idToken: Secret | null;
  /** The whole answer, for identity paths. Holds secrets: never log or print it. */
  readonly members: Readonly<Record<string, unknown>>;
  readonly flaws: readonly string[];
}

/** What an error answer means for the user. */
export type RefusalClass = 'login_needed' | 'configuration' | 'policy' | 'transient';

export interface RefusedAnswer {
  readonly kind: 'refused';
  readonly class: RefusalClass;
  /** The provider's error code, cleaned: `invalid_grant`; `http_503` or `not_json` without one. */
  readonly error: string;
  /** The provider's more specific code, for example `invalid_rapt` or `AADSTS50173`; null without one. */
  readonly detail: string | null;
  /** error_description, cleaned, at most 200 characters; null without one. */
  readonly description: string | null;
  /** Milliseconds, at most one hour; null when the provider does not say. */
  readonly retryAfter: number | null;
  /**
   * Whether the provider may have processed the request nevertheless: it failed, or something in between answered. The
   * refresh token may then have been replaced.
   */
  readonly leavesOpen: boolean;
}

export type TokenAnswer = GrantedAnswer | RefusedAnswer;

export type RevocationOutcome =
  | { readonly kind: 'revoked' }
  | { readonly kind: 'already_gone' }
  | { readonly kind: 'transient'; readonly reason: string }
  | { readonly kind: 'refused'; readonly error: string; readonly description: string | null };

/** The authorization response after all checks. */
export type AuthorizationResponse =
  | { readonly kind: 'code'; readonly code: Secret }
  | { readonly kind: 'error'; readonly error: string; readonly description: string | null };

/** The used metadata of an authorization server (RFC 8414, OpenID Connect Discovery 1.0). */
export interface ServerMetadata {
  readonly issuer: string;
  /** Not configured: assumed from the token endpoint's origin. */
  readonly issuerAssumed?: boolean;
  /** Null where no user can log in in a browser (RFC 8414 §2). */
  readonly authorizationEndpoint: string | null;
  readonly tokenEndpoint: string;
  readonly revocationEndpoint: string | null;
  readonly deviceAuthorizationEndpoint: string | null;
  readonly userinfoEndpoint: string | null;
  /** Null when missing. */
  readonly codeChallengeMethods: readonly string[] | null;
  /** RFC 9207 §3. */
  readonly responseIssSupported: boolean;
  readonly idTokenSigningAlgorithms: readonly string[];
  /** Authorization requests must be pushed (RFC 9126 §5). */
  readonly pushedRequestsRequired?: boolean;
  /** Null: it takes none. */
  readonly pushedRequestEndpoint?: string | null;
  /** DPoP is supported (RFC 9449 §5.1). */
  readonly dpopKnown?: boolean;
  /** Where a client registers itself (RFC 7591); null: nowhere. */
  readonly registrationEndpoint?: string | null;
  /** Whether a client id may be the address of a document about the client. */
  readonly clientIdDocuments?: boolean;
  /** The lists are null when missing. */
  readonly tokenAuthMethods?: readonly string[] | null;
  readonly grantTypes?: readonly string[] | null;
  readonly scopesSupported?: readonly string[] | null;
}
