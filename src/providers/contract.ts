/** How this program authenticates itself at the token endpoint (RFC 6749 §2.3). */
export type ClientAuth =
  /** `client_id` in the body, no secret: a public client. */
  | 'none'
  /** `client_id` and `client_secret` in the body. */
  | 'post'
  /** HTTP Basic, both parts form-encoded first as RFC 6749 §2.3.1 says. */
  | 'basic'
  /** HTTP Basic of the raw `client_id:client_secret`, as many providers expect it. */
  | 'basic-raw';

export interface Endpoints {
  readonly authorization: string;
  readonly token: string;
  readonly revocation: string | null;
  readonly deviceAuthorization: string | null;
  readonly userinfo: string | null;
}

/** One GET that tells more about who logged in, sent with the new access token. */
export interface IdentityRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Where the identity is read from. Each entry of `subject` is a path of members joined by dots (`owner.user.id`,
 * `items.0.id`); all must be there, and together, joined by `:`, they are the subject.
 */
export interface IdentitySource {
  /** The id_token's claims, the token endpoint's own answer, or the answer of `request`. */
  readonly from: 'id_token' | 'token_response' | 'request';
  readonly request: IdentityRequest | null;
  readonly subject: readonly string[];
  readonly email: readonly string[];
  readonly name: readonly string[];
  /** Further members kept with the identity: name → path. */
  readonly details: Readonly<Record<string, string>>;
}

/** What a client registration at the provider looks like, and where to get one. */
export interface ClientFacts {
  /** Names of environment variables, the first that is set wins. */
  readonly idVariables: readonly string[];
  readonly secretVariables: readonly string[];
  readonly secret: 'required' | 'forbidden' | 'optional';
  /** Source of a regular expression the client id must match whole; null where any will do. */
  readonly idPattern: string | null;
  readonly idExample: string;
  /** The page where a client is registered. */
  readonly registrationUrl: string;
  /** What to choose there, one step a line. */
  readonly registrationSteps: readonly string[];
}

export interface RedirectFacts {
  readonly host: '127.0.0.1' | 'localhost';
  /** 0: the system chooses, and the provider accepts any port. */
  readonly port: number;
  /** With a leading slash, or empty for a redirect URI without a path. */
  readonly path: string;
}

export interface RevocationFacts {
  /** RFC 7009 form, a JSON body `{"token"}`, or nothing at all. */
  readonly style: 'rfc7009' | 'json' | 'none';
  /** `status code` pairs that mean the token was gone already, for example `400 invalid_token`. */
  readonly alreadyGone: readonly string[];
  /** What else a revocation takes with it, for people; null when nothing. */
  readonly caution: string | null;
}

/** Which error codes of this provider mean what, beyond the ones every provider shares. Compared with `error`, `suberror`, then numeric codes. */
export interface ErrorFacts {
  readonly loginNeeded: readonly string[];
  readonly configuration: readonly string[];
  readonly policy: readonly string[];
  readonly transient: readonly string[];
}

/** A provider is data. What differs between providers stands here and nowhere else. */
export interface Provider {
  readonly name: string;
  readonly title: string;
  /** Compared exactly with `iss`; may hold `{tenantid}` where `issuerTemplate` is true. */
  readonly issuer: string;
  readonly issuerTemplate: boolean;
  /** Null where they are discovered from the issuer at login (RFC 8414, OpenID Connect Discovery). */
  readonly endpoints: Endpoints | null;
  readonly pkce: boolean;
  readonly clientAuth: ClientAuth;
  readonly tokenBody: 'form' | 'json';
  /** Sent with every request to the token and revocation endpoints. */
  readonly headers: Readonly<Record<string, string>>;
  readonly client: ClientFacts;
  readonly redirect: RedirectFacts;
  readonly scopes: readonly string[];
  /** Between scopes in requests: a space nearly everywhere. */
  readonly scopeSeparator: ' ' | ',';
  /** Short name → what the provider answers for it. */
  readonly scopeAliases: Readonly<Record<string, string>>;
  /** Granted though the provider does not echo them. */
  readonly scopesNotEchoed: readonly string[];
  readonly authorizeParams: Readonly<Record<string, string>>;
  /** Added when a refresh token is needed and an ordinary login may give none. */
  readonly reconsentParams: Readonly<Record<string, string>>;
  /** Added to each refresh request. */
  readonly refreshParams: Readonly<Record<string, string>>;
  readonly identity: IdentitySource;
  readonly revocation: RevocationFacts;
  readonly errors: ErrorFacts;
  /** Where a person sees and removes the grant. */
  readonly manageUrl: string | null;
  /** Peculiarities a user should know, one sentence each; shown by `vault providers NAME`. */
  readonly notes: readonly string[];
}

/** A provider together with the user's own settings for it. */
export interface ConfiguredProvider extends Provider {
  readonly clientId: string;
  readonly clientSecret: import('../domain/secret.js').Secret | null;
  /** A redirect URI set by the user whole (`OAUTH_REDIRECT_URI`); null: built from `redirect`. */
  readonly redirectUri: string | null;
}
