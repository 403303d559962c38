import type { RepeatableGrant } from '../domain/repeatable-grant.js';
import type { Secret } from '../domain/secret.js';
import type {
  ClientAuth,
  ClientFacts,
  Documented,
  IdentitySource,
  Provider,
  RedirectFacts,
  Regions,
  RevocationFacts,
} from './contract.js';

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
