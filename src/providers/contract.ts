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

/**
 * `providers.<name>` in `config.json`, and the form of a built-in entry. The default of a field is the base's value, else the one
 * given here. Addresses, headers and parameters may contain `{client_id}`, refresh parameters `{redirect_uri}` too.
 */
export interface ProviderSettings {
  /** A built-in provider as base; default: the one of the same name, if any. */
  readonly extends?: string;
  readonly title?: string;
  /** Default: a user logs in. */
  readonly grant?: RepeatableGrant;
  /** Only with `grant`. */
  readonly audience?: string;
  /** The protected resource that tokens are for (RFC 8707). */
  readonly resource?: string;
  /** `registered`: this program registers a client itself. Else the provider whose client is used; it has the same issuer. */
  readonly client?: string;
  /** An account or a provider; needed by, and only for, `token_exchange`. */
  readonly from?: string;
  /** Only for `token_exchange`. */
  readonly requestedTokenType?: string;
  /** Without endpoints they are discovered from it. Default: the origin of the token endpoint. */
  readonly issuer?: string;
  /** Needs `tokenEndpoint`, which needs it too, unless there is a `grant`. */
  readonly authorizationEndpoint?: string;
  readonly tokenEndpoint?: string;
  /** Default: `tokenEndpoint`, on whose server it has to be. */
  readonly refreshEndpoint?: string;
  readonly revocationEndpoint?: string;
  readonly deviceAuthorizationEndpoint?: string;
  readonly userinfoEndpoint?: string;
  /** The server of a built-in provider that exists at several addresses: `https://gitlab.example.com`. */
  readonly baseUrl?: string;
  readonly clientId?: string;
  readonly clientSecret?: Secret;
  /** Default with a secret: `basic` where `issuer` is set, else `basic-raw`; without a secret: `none`. */
  readonly clientAuth?: ClientAuth;
  /** With `private_key_jwt`: the absolute path of the private key, PEM or JWK. */
  readonly clientKeyFile?: string;
  /** `kid` in the JWT. Default: that of the JWK, if any. */
  readonly clientKeyId?: string;
  /** The absolute path of the client's certificate, whose digest the JWT then names, as Microsoft Entra wants it. */
  readonly clientCertificateFile?: string;
  /** `aud` of the JWT. Default: the endpoint that it is sent to. */
  readonly clientAssertionAudience?: 'endpoint' | 'issuer';
  /** Default: `form`. */
  readonly tokenBody?: Provider['tokenBody'];
  /** False only for a server that fails with it. Default: true. */
  readonly pkce?: boolean;
  /** Send secrets to its `http://` endpoints on this machine without checking which user listens. Default: false. */
  readonly insecureLoopback?: boolean;
  /** Sent with every request to the token and revocation endpoints. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Default: `openid profile email offline_access` where `issuer` is set, else none. Without `openid` no id_token is expected. */
  readonly scopes?: readonly string[];
  readonly scopeSeparator?: Provider['scopeSeparator'];
  readonly scopeParameter?: string;
  /** Default: the answer of the token endpoint. */
  readonly scopesFrom?: 'callback';
  /** Seconds. */
  readonly tokenLifetime?: number;
  readonly expiresAtMember?: string;
  readonly regions?: Regions;
  readonly scopeAliases?: Readonly<Record<string, string>>;
  /** The complete redirect URI. If it is an https address, the user finishes the login by pasting the address of the last page. */
  readonly redirectUri?: string;
  readonly redirectHost?: RedirectFacts['host'];
  /** 0, the default: any free port. */
  readonly redirectPort?: number;
  /** Default: `/callback/<name>`. */
  readonly redirectPath?: string;
  readonly authorizeParams?: Readonly<Record<string, string>>;
  /** Default: `prompt=consent` for `offline_access` (OpenID Connect Core §11), else nothing. */
  readonly reconsentParams?: Readonly<Record<string, string>>;
  readonly refreshParams?: Readonly<Record<string, string>>;
  readonly resend?: Provider['resend'];
  /** Default: the id_token, else `userinfoEndpoint`, else `none`. */
  readonly identity?: IdentitySettings;
  /** Default: `rfc7009` where there is an endpoint, else `none`. */
  readonly revocation?: RevocationFacts['style'] | RevocationSettings;
  readonly manageUrl?: string;
}

/** Where it differs from the style's own form. */
export type RevocationSettings = Pick<
  RevocationFacts,
  'style' | 'method' | 'parameter' | 'clientAuth' | 'token'
>;

/** As {@link IdentitySource}; `userinfo` asks `userinfoEndpoint`. */
export interface IdentitySettings {
  readonly from: 'id_token' | 'token_response' | 'userinfo' | 'none';
  /** Default: `sub`; outside an id_token also `id`, `user_id`, `account_id` or `uuid`. */
  readonly subject?: readonly string[];
  readonly email?: readonly string[];
  readonly name?: readonly string[];
  readonly details?: Readonly<Record<string, string>>;
  /** With `userinfo`: sent along. */
  readonly headers?: Readonly<Record<string, string>>;
  /** With `userinfo`: JSON, sent by POST. */
  readonly body?: string;
}

/**
 * A built-in provider: settings as in `config.json`, and what only a built-in one has. Addresses may contain `{base}`, the server
 * that `baseUrl` or a variable names.
 */
export interface ProviderEntry
  extends Omit<ProviderSettings, 'extends' | 'clientId' | 'clientSecret' | 'client' | 'grant' | 'baseUrl'>,
    Partial<
      Pick<
        Provider,
        | 'issuerTemplate'
        | 'requiredScopes'
        | 'scopesNotEchoed'
        | 'httpsRedirect'
        | 'nonce'
        | 'errors'
        | 'grantLimits'
        | 'device'
        | 'deadEnds'
        | 'mail'
        | 'notes'
      >
    > {
  readonly title: string;
  readonly base?: { readonly variable: string; readonly url: string };
  readonly client: Partial<ClientFacts> & Pick<ClientFacts, 'registrationUrl' | 'registrationSteps'>;
  readonly revocationFacts?: Partial<Pick<RevocationFacts, 'alreadyGone' | 'caution' | 'elsewhere'>>;
  readonly documented: Documented;
}

/** The providers, for code that may not import them. */
export interface ProviderCatalogue {
  /** The built-in ones, in the order of `vault providers`. */
  readonly names: readonly string[];
  /**
   * @param env the environment, with the values of `.env` under it
   * @param baseUrl its server, over the one that a variable names; null: not set
   * @returns null when no provider of this name is built in
   * @throws VaultError `config_invalid` when a variable such as MICROSOFT_TENANT_ID is wrong
   */
  builtIn(
    name: string,
    env: Readonly<Record<string, string | undefined>>,
    baseUrl?: string | null,
  ): Provider | null;
  /** @throws VaultError `config_invalid` when the settings are incomplete */
  fromConfig(name: string, settings: ProviderSettings, base: Provider | null): Provider;
}
