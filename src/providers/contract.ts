import type { MailProtocolName } from '../domain/mailbox.js';
import type { RegisteredClient } from '../domain/registered-client.js';
import type { RepeatableGrant } from '../domain/repeatable-grant.js';
import type { Secret } from '../domain/secret.js';

/** How this program authenticates itself at the token endpoint (RFC 6749 §2.3). */
export type ClientAuth =
  /** `client_id` in the body, no secret: a public client. */
  | 'none'
  /** `client_id` and `client_secret` in the body. */
  | 'post'
  /** HTTP Basic, both parts form-encoded first as RFC 6749 §2.3.1 says. */
  | 'basic'
  /** HTTP Basic of the raw `client_id:client_secret`, as many providers expect it. */
  | 'basic-raw'
  /** HTTP Basic of the raw client id and an empty password: a public client where others use Basic. */
  | 'basic-id'
  /** A JWT signed with the client's private key (RFC 7523 §2.2). */
  | 'private_key_jwt';

/** Of a JWT that authenticates the client (RFC 7518 §3.1, RFC 8037 §3.1). */
export type SigningAlgorithm = 'RS256' | 'PS256' | 'ES256' | 'ES384' | 'EdDSA';

/** What the JWT of `private_key_jwt` says, besides the client. */
export interface AssertionFacts {
  readonly algorithm: SigningAlgorithm;
  /** `aud`; null: the endpoint that it is sent to. */
  readonly audience: string | null;
  /** `kid`; null: none. */
  readonly keyId: string | null;
  /** `x5t#S256`, the digest of the client's certificate; null: none. */
  readonly thumbprint: string | null;
}

export interface Endpoints {
  /** Null where no user logs in. */
  readonly authorization: string | null;
  readonly token: string;
  /** Where refresh tokens are sent, if not to `token`; on the same server. */
  readonly refresh?: string;
  readonly revocation: string | null;
  readonly deviceAuthorization: string | null;
  readonly userinfo: string | null;
}

/** A request with the new access token that returns the identity. */
export interface IdentityRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON for a POST (GraphQL and the like); absent: a GET. */
  readonly body?: string;
}

/**
 * Where the identity is read from. A path is made of member names joined by dots (`owner.user.id`, `items.0.id`). `sub|id`
 * are alternatives; the first one present counts. A path that begins with `id_token.` is always read from the id_token, and one
 * with `token_response.` from the token endpoint's answer.
 */
export interface IdentitySource {
  /**
   * The id_token's claims, the token endpoint's answer, or the answer of `request`. `none`: the provider does not report
   * the identity; then the label given with `--as` is the subject, and a login without one is refused before the browser
   * opens.
   */
  readonly from: 'id_token' | 'token_response' | 'request' | 'none';
  readonly request: IdentityRequest | null;
  /** All of these paths must be present; their values, joined by `:`, are the subject. */
  readonly subject: readonly string[];
  /** The first path present counts; empty where an address would make a bad label. */
  readonly email: readonly string[];
  /** The first path present counts. */
  readonly name: readonly string[];
  /** Further members kept with the identity: name → path. */
  readonly details: Readonly<Record<string, string>>;
  /** With `none`: the label of an account that is not named; absent: it has to be named. */
  readonly unnamed?: string;
}

/** The form of a client registration at the provider, and where to get one. */
export interface ClientFacts {
  /** Environment variables; the first one set counts. */
  readonly idVariables: readonly string[];
  readonly secretVariables: readonly string[];
  readonly secret: 'required' | 'forbidden' | 'optional';
  /** Whose users may log in, where the provider has to know: its variable, and what counts without it. */
  readonly tenant?: { readonly variable: string; readonly usual: string; readonly what: string };
  /** Every redirect URI on this machine is allowed: none is registered. */
  readonly anyLoopback?: true;
  /** How a client with a secret authenticates where the secret is optional (default `basic`). */
  readonly authWithSecret?: ClientAuth;
  /** A regular expression for the whole client id; null: any id. */
  readonly idPattern: string | null;
  readonly idExample: string;
  readonly registrationUrl: string;
  /** One sentence a step. */
  readonly registrationSteps: readonly string[];
}

export interface RedirectFacts {
  readonly host: '127.0.0.1' | 'localhost';
  /** 0: any free port. */
  readonly port: number;
  /** With a leading slash, or empty. */
  readonly path: string;
}

export interface RevocationFacts {
  /** RFC 7009 form, a JSON body `{"token"}`, the access token in `Authorization: Bearer`, or nothing at all. */
  readonly style: 'rfc7009' | 'json' | 'bearer' | 'none';
  /** Default: POST. A GET is for `bearer` only, so that no token gets into a URL. */
  readonly method?: 'GET' | 'DELETE';
  /** The name of the parameter that holds the token; default: `token`. */
  readonly parameter?: string;
  /** Default: as at the token endpoint. */
  readonly clientAuth?: ClientAuth;
  /** The only kind of token that it takes; absent: both. */
  readonly token?: 'access_token';
  /** The endpoint is known to be on another server than the token endpoint. Never from a configuration file. */
  readonly elsewhere?: true;
  /** Status and error code that mean the token was revoked before: `400 invalid_token`. */
  readonly alreadyGone: readonly string[];
  /** What else a revocation revokes, as a sentence; null: nothing. */
  readonly caution: string | null;
}

/** Peculiarities of device logins (RFC 8628). */
export interface DeviceFacts {
  /** Client authentication at the device authorization endpoint, where it differs from the token endpoint. */
  readonly clientAuth?: ClientAuth;
  /** The name of the parameter for scopes; default: `scope`. */
  readonly scopeParameter?: string;
  /** The only scopes the provider allows in this grant; null: any. */
  readonly scopes: readonly string[] | null;
  /** What it needs: `a client of type "TVs and Limited Input devices"`. */
  readonly client: string;
  /** Whether the client for the browser does not work. */
  readonly ownClient: boolean;
}

/** An error page of the provider, of which this program gets no answer. The most likely ones come first. */
export interface DeadEnd {
  readonly shows: string;
  /** The cause or what to do; follows a colon. */
  readonly means: string;
}

/** Error codes of this provider, compared with `error`, `suberror`, `error_subtype` and `AADSTS…` codes. */
export interface ErrorFacts {
  readonly loginNeeded: readonly string[];
  readonly configuration: readonly string[];
  readonly policy: readonly string[];
  readonly transient: readonly string[];
}

/** A known limit after which grants of this provider end. */
export interface GrantLimit {
  /** How long a grant lives, in days. */
  readonly days: number;
  /** Counted from the consent or from the last use of the refresh token. */
  readonly from: 'consent' | 'use';
  /** After this many days another cause is more likely; null: never. */
  readonly until: number | null;
  /** A sentence: `Google ends it after 6 months without use`. */
  readonly reason: string;
}

/** A mail server that accepts the provider's tokens. */
export interface MailServerFacts {
  readonly host: string;
  readonly port: number;
  /** A token needs one of these. The first one is what a login asks for. */
  readonly scopes: readonly string[];
}

/** Servers of one provider in several regions; a user belongs to one of them, and the callback names it. */
export interface Regions {
  /** The parameter of the callback that holds the origin of the user's server. */
  readonly parameter: string;
  /** No other origin is accepted, because the code is sent to it. */
  readonly origins: readonly string[];
}

/** Where the facts about a provider come from, and what a user wants to know before choosing it. Decides nothing. */
export interface Documented {
  /** The page of the provider's documentation. */
  readonly source: string;
  /** When it was read: `2026-11`. */
  readonly read: string;
  /** Whether a login at the provider itself was seen to work, and not only what its documentation says. */
  readonly tried: boolean;
  /** Words to search for: `mail`, `git`, `files`. */
  readonly topics: readonly string[];
  /** How long an access token lives: `1 hour`. */
  readonly accessToken: string;
  /** How long a refresh token lives: `6 months without use`. */
  readonly refreshToken: string;
  /** Whether a refresh replaces the refresh token. */
  readonly rotates: 'yes' | 'no' | 'unknown';
}

/** A provider is data; every difference between providers is a field. */
export interface Provider {
  readonly name: string;
  readonly title: string;
  /** Compared exactly with `iss`; contains `{tenantid}` where `issuerTemplate` is true. */
  readonly issuer: string;
  readonly issuerTemplate: boolean;
  /** The issuer is not set: the origin of the token endpoint is used. */
  readonly issuerAssumed?: boolean;
  /** Null where they are discovered from the issuer at login (RFC 8414, OpenID Connect Discovery). */
  readonly endpoints: Endpoints | null;
  /** Where tokens are requested without a user; absent: a user logs in. */
  readonly grant?: RepeatableGrant;
  /** Sent with a request for such a grant. */
  readonly audience?: string;
  /** The protected resource that tokens are for (RFC 8707): sent with every authorization and token request. */
  readonly resource?: string;
  /** This program registers its client there itself (RFC 7591), at a login. */
  readonly registered?: true;
  /** The account or provider whose access token is exchanged (RFC 8693). */
  readonly from?: string;
  /** RFC 8693 §2.1. */
  readonly requestedTokenType?: string;
  readonly pkce: boolean;
  readonly clientAuth: ClientAuth;
  /** With `private_key_jwt`, once its key is read. */
  readonly assertion?: AssertionFacts;
  readonly tokenBody: 'form' | 'json';
  /** Sent with every request to the token and revocation endpoints. */
  readonly headers: Readonly<Record<string, string>>;
  readonly client: ClientFacts;
  readonly redirect: RedirectFacts;
  /** Requested when the user names none. */
  readonly scopes: readonly string[];
  /** Added to every login, for the identity and a refresh token. */
  readonly requiredScopes?: readonly string[];
  /** Between scopes in requests: a space nearly everywhere. */
  readonly scopeSeparator: ' ' | ',' | '+';
  /** The parameter of the authorization request that holds the scopes; default: `scope`. */
  readonly scopeParameter?: string;
  /** The granted scopes are in the callback, and not in the answer of the token endpoint. */
  readonly scopesFrom?: 'callback';
  /** Seconds an access token lives where the answer does not say it; absent: unknown. */
  readonly tokenLifetime?: number;
  /** A member of the answer with the time at which the access token ends, for answers without `expires_in`. */
  readonly expiresAtMember?: string;
  readonly regions?: Regions;
  /** Only https redirect URIs can be registered, so the user has to set one. */
  readonly httpsRedirect?: true;
  /** The provider leaves the nonce out of the id_token, so none is sent. */
  readonly nonce?: false;
  /** Requested name → the name in the provider's answer. */
  readonly scopeAliases: Readonly<Record<string, string>>;
  /** Granted though missing in the provider's answer. */
  readonly scopesNotEchoed: readonly string[];
  readonly authorizeParams: Readonly<Record<string, string>>;
  /** Added when a refresh token is needed and an ordinary login may not return one. */
  readonly reconsentParams: Readonly<Record<string, string>>;
  /** Added to each refresh request, and to each request for a `grant` without a user. */
  readonly refreshParams: Readonly<Record<string, string>>;
  /** Whether a refresh token that may have arrived is sent once more when the access token has expired. */
  readonly resend: 'once' | 'never';
  readonly identity: IdentitySource;
  readonly revocation: RevocationFacts;
  readonly errors: ErrorFacts;
  readonly grantLimits: readonly GrantLimit[];
  readonly device: DeviceFacts | null;
  readonly deadEnds: readonly DeadEnd[];
  /** Null: it has no mail, or its servers are not known. */
  readonly mail: Readonly<Record<MailProtocolName, MailServerFacts>> | null;
  /** The page where the user can see and remove the grant. */
  readonly manageUrl: string | null;
  /** Sentences for `vault providers NAME`. */
  readonly notes: readonly string[];
  /** Absent for a provider of the user's own. */
  readonly documented?: Documented;
}

/** A provider together with the user's own settings for it. */
export interface ConfiguredProvider extends Provider {
  readonly clientId: string;
  /** With `private_key_jwt` the private key, as PEM. */
  readonly clientSecret: Secret | null;
  /** A redirect URI set by the user (`OAUTH_REDIRECT_URI`); null: built from `redirect`. */
  readonly redirectUri: string | null;
  /** The client that this program registered; absent: none. */
  readonly registration?: RegisteredClient;
}
