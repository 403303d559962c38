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
 * Where the identity is read from. A path is made of members joined by dots (`owner.user.id`, `items.0.id`); it
 * may name alternatives, of which the first that is there counts (`sub|id`); and one that begins with `id_token.`
 * is read from the id_token's claims whatever `from` says.
 */
export interface IdentitySource {
  /**
   * The id_token's claims, the token endpoint's own answer, or the answer of `request`. `none`: the provider does
   * not tell who logged in; then the label the person gives with `--as` stands for the subject, and a login
   * without one is refused before the browser opens.
   */
  readonly from: 'id_token' | 'token_response' | 'request' | 'none';
  readonly request: IdentityRequest | null;
  /** All of these paths must be there; their values, joined by `:`, are the subject. Numbers count as their digits. */
  readonly subject: readonly string[];
  /** The first of these paths that is there; empty where an address would make a bad label. */
  readonly email: readonly string[];
  /** The first of these paths that is there. */
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
  /** How a client that has a secret authenticates itself, where one is optional; `basic` when left out. */
  readonly authWithSecret?: ClientAuth;
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

/** What a device login (RFC 8628) takes at a provider, beyond the endpoint for it. */
export interface DeviceFacts {
  /** How the client authenticates itself at the device authorization endpoint, where it is not as at the token endpoint. */
  readonly clientAuth?: ClientAuth;
  /** The only scopes the provider allows in this grant; null: any. */
  readonly scopes: readonly string[] | null;
  /** The kind of client it wants, to follow "needs": `a client of type "TVs and Limited Input devices"`. */
  readonly client: string;
  /** Whether such a client is good for this grant alone, so that the one for the browser will not do. */
  readonly ownClient: boolean;
}

/** A page of the provider that ends a login in the browser, about which this program never hears. Likely ones come first. */
export interface DeadEnd {
  /** What a person can recognise it by. */
  readonly shows: string;
  /** What is behind it and what to do, to follow a colon. */
  readonly means: string;
}

/** Which error codes of this provider mean what, beyond the ones every provider shares. Compared with `error`, `suberror` and `error_subtype`, and `AADSTS…` codes. */
export interface ErrorFacts {
  readonly loginNeeded: readonly string[];
  readonly configuration: readonly string[];
  readonly policy: readonly string[];
  readonly transient: readonly string[];
}

/** A known way in which grants of this provider end by themselves. */
export interface GrantLimit {
  /** How long a grant lives, in days. */
  readonly days: number;
  /** Counted from the consent, or from the last use of the refresh token. */
  readonly from: 'consent' | 'use';
  /** Days after which this is no longer the likely explanation; null: it stays so. */
  readonly until: number | null;
  /** For people, to follow a semicolon: `apps in Google's "Testing" state lose it after 7 days`. */
  readonly reason: string;
}

/** A provider is data. What differs between providers stands here and nowhere else. */
export interface Provider {
  readonly name: string;
  readonly title: string;
  /** Compared exactly with `iss`; may hold `{tenantid}` where `issuerTemplate` is true. */
  readonly issuer: string;
  readonly issuerTemplate: boolean;
  /** Nobody has said which issuer it is: the origin of the token endpoint stands for it. */
  readonly issuerAssumed?: boolean;
  /** Null where they are discovered from the issuer at login (RFC 8414, OpenID Connect Discovery). */
  readonly endpoints: Endpoints | null;
  readonly pkce: boolean;
  readonly clientAuth: ClientAuth;
  readonly tokenBody: 'form' | 'json';
  /** Sent with every request to the token and revocation endpoints. */
  readonly headers: Readonly<Record<string, string>>;
  readonly client: ClientFacts;
  readonly redirect: RedirectFacts;
  /** Asked for when the user names none. */
  readonly scopes: readonly string[];
  /** Asked for at every login, besides what the user names: what tells who it is and brings a refresh token. */
  readonly requiredScopes?: readonly string[];
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
  /** Whether a refresh token that may have arrived is sent once more at once when no access token is left. */
  readonly resend: 'once' | 'never';
  readonly identity: IdentitySource;
  readonly revocation: RevocationFacts;
  readonly errors: ErrorFacts;
  readonly grantLimits: readonly GrantLimit[];
  /** Null where nothing peculiar is known of device logins there. */
  readonly device: DeviceFacts | null;
  readonly deadEnds: readonly DeadEnd[];
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

/** `providers.<name>` in `config.json`. What is left out stays as it is built in, or gets the default given here. */
export interface ProviderSettings {
  /** A built-in provider to start from; by default the one of the same name, if there is one. */
  readonly extends?: string;
  readonly title?: string;
  /** Alone: the endpoints are discovered from it. Without it: the origin of the token endpoint. */
  readonly issuer?: string;
  /** Comes together with `tokenEndpoint`. */
  readonly authorizationEndpoint?: string;
  readonly tokenEndpoint?: string;
  readonly revocationEndpoint?: string;
  readonly deviceAuthorizationEndpoint?: string;
  readonly userinfoEndpoint?: string;
  readonly clientId?: string;
  readonly clientSecret?: import('../domain/secret.js').Secret;
  /** Left out: a client with a secret uses `basic` at an issuer and `basic-raw` elsewhere, one without uses `none`. */
  readonly clientAuth?: ClientAuth;
  /** Default: `form`. */
  readonly tokenBody?: Provider['tokenBody'];
  /** False only for a server that breaks on it. Default: true. */
  readonly pkce?: boolean;
  /** Send secrets to its `http://` addresses of this machine whoever listens there? Default: false. */
  readonly insecureLoopback?: boolean;
  /** Sent with every request to the token and revocation endpoints. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Default: `openid profile email offline_access` at an issuer, none elsewhere. Without `openid` no id_token is expected. */
  readonly scopes?: readonly string[];
  readonly scopeSeparator?: Provider['scopeSeparator'];
  readonly scopeAliases?: Readonly<Record<string, string>>;
  /** The redirect URI whole, for a provider that wants exactly one. With `https` a login is finished by pasting. */
  readonly redirectUri?: string;
  readonly redirectHost?: RedirectFacts['host'];
  /** 0, the default: any free port. */
  readonly redirectPort?: number;
  /** Default: `/callback/<name>`. */
  readonly redirectPath?: string;
  readonly authorizeParams?: Readonly<Record<string, string>>;
  /** Default: `prompt=consent` where `offline_access` is asked (OpenID Connect Core §11), nothing elsewhere. */
  readonly reconsentParams?: Readonly<Record<string, string>>;
  readonly refreshParams?: Readonly<Record<string, string>>;
  readonly resend?: Provider['resend'];
  /** Default: the id_token where there is one, else `userinfoEndpoint`, else `none`. */
  readonly identity?: IdentitySettings;
  /** Default: `rfc7009` where there is an endpoint for it, else `none`. */
  readonly revocation?: RevocationFacts['style'];
  readonly manageUrl?: string;
}

/** As {@link IdentitySource}; `userinfo` asks `userinfoEndpoint`. */
export interface IdentitySettings {
  readonly from: 'id_token' | 'token_response' | 'userinfo' | 'none';
  /** Default: `sub`, and for other answers than an id_token also `id`, `user_id`, `account_id` or `uuid`. */
  readonly subject?: readonly string[];
  readonly email?: readonly string[];
  readonly name?: readonly string[];
  readonly details?: Readonly<Record<string, string>>;
}

/** Where providers come from, for the rooms that know them as data only. */
export interface ProviderCatalogue {
  /** The built-in ones, in the order in which they are shown. */
  readonly names: readonly string[];
  /**
   * @param env the environment, with the values of `.env` under it
   * @returns null when no provider of this name is built in
   * @throws VaultError `config_invalid` when a variable that shapes the provider makes no sense
   */
  builtIn(name: string, env: Readonly<Record<string, string | undefined>>): Provider | null;
  /** @throws VaultError `config_invalid` when the settings do not make a whole provider */
  fromConfig(name: string, settings: ProviderSettings, base: Provider | null): Provider;
}
