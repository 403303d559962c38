import { secretServers } from '../domain/endpoint.js';
import { clientVariables } from '../domain/environment.js';
import { VaultError } from '../domain/errors.js';
import type { RepeatableGrant } from '../domain/repeatable-grant.js';
import type { ClientFacts, Endpoints, Provider, RevocationFacts } from './contract.js';
import { identityOf, NO_IDENTITY } from './custom-identity.js';
import type { ProviderSettings } from './settings.js';

const OIDC_SCOPES = ['openid', 'profile', 'email', 'offline_access'];

/**
 * Makes a provider from `config.json`: its fields override those of `base`; without a base the defaults are those at
 * {@link ProviderSettings}.
 *
 * Protocol quirks are always inherited from the base. What belongs to its server (other endpoints, issuer, and the
 * variables of its client's secret) is inherited only while the token endpoint is still on that server: otherwise one
 * line in `config.json` would send the secrets of one provider to another.
 *
 * @param base the built-in provider of the same name, or the one named by `extends`; null: none
 * @throws VaultError `config_invalid`
 */
export function fromConfig(name: string, settings: ProviderSettings, base: Provider | null): Provider {
  const moved = base === null || movesAway(settings, base);
  const endpoints = endpointsOf(name, settings, moved ? null : base.endpoints);
  const issuer = settings.issuer ?? (moved ? issuerOf(name, endpoints) : base.issuer);
  const scopes = settings.scopes ?? base?.scopes ?? (settings.issuer === undefined ? [] : OIDC_SCOPES);
  const { grant, resource } = settings;
  const registered = settings.client === REGISTERED;
  if (registered)
    refuse(
      name,
      settings,
      ONLY_WITHOUT_DISCOVERY,
      'is not used with client "registered", which discovers it',
    );
  if (settings.client !== undefined)
    refuse(
      name,
      settings,
      ONLY_WITH_OWN_CLIENT,
      'needs a client of its own, but client names that of another provider',
    );
  if (base === null) refuse(name, settings, ['baseUrl'], 'is for a built-in provider, and this is none');
  if (settings.clientAuth !== 'private_key_jwt')
    refuse(name, settings, ONLY_WITH_KEY, 'is for clientAuth "private_key_jwt", which is not set');
  if (grant === undefined)
    refuse(name, settings, ONLY_WITH_GRANT, 'is for a grant without a user, and grant is not set');
  if (grant !== 'token_exchange')
    refuse(name, settings, ONLY_FOR_EXCHANGE, 'is for grant "token_exchange", which is not set');
  const isOidc = base === null && settings.issuer !== undefined && scopes.includes('openid');
  const peculiar = peculiarities(settings, base, moved);
  const provider: Provider = {
    name,
    title: settings.title ?? titleOf(name, base),
    issuer,
    issuerTemplate: !moved && base.issuerTemplate,
    ...(moved && settings.issuer === undefined && { issuerAssumed: true }),
    endpoints,
    ...(resource !== undefined && { resource }),
    ...(registered && { registered }),
    pkce: settings.pkce ?? base?.pkce ?? true,
    clientAuth: settings.clientAuth ?? base?.clientAuth ?? 'none',
    tokenBody: settings.tokenBody ?? base?.tokenBody ?? 'form',
    headers: { ...base?.headers, ...settings.headers },
    client: moved
      ? ownClient(name, settings, base, issuer)
      : inheritedClient(name, settings, base, { endpoints, ...peculiar }),
    redirect: {
      host: settings.redirectHost ?? base?.redirect.host ?? '127.0.0.1',
      port: settings.redirectPort ?? base?.redirect.port ?? 0,
      path: settings.redirectPath ?? base?.redirect.path ?? `/callback/${registered ? pathOf(issuer) : name}`,
    },
    scopes,
    requiredScopes: base?.requiredScopes ?? (isOidc ? ['openid'] : []),
    scopeSeparator: settings.scopeSeparator ?? base?.scopeSeparator ?? ' ',
    ...peculiar,
    scopeAliases: { ...base?.scopeAliases, ...settings.scopeAliases },
    scopesNotEchoed: base?.scopesNotEchoed ?? (isOidc ? notEchoed(settings) : []),
    authorizeParams: { ...base?.authorizeParams, ...settings.authorizeParams },
    reconsentParams: settings.reconsentParams ?? base?.reconsentParams ?? consentFor(scopes),
    refreshParams: { ...base?.refreshParams, ...settings.refreshParams },
    resend: settings.resend ?? base?.resend ?? 'once',
    identity: identityOf(name, settings, base, moved, isOidc),
    revocation: revocationOf(settings, base, endpoints),
    errors: base?.errors ?? { loginNeeded: [], configuration: [], policy: [], transient: [] },
    grantLimits: base?.grantLimits ?? [],
    device: moved ? null : base.device,
    deadEnds: moved ? [] : base.deadEnds,
    mail: moved ? null : base.mail,
    manageUrl: settings.manageUrl ?? (moved ? null : base.manageUrl),
    notes: base?.notes ?? [],
    ...(!moved && base.documented !== undefined && { documented: base.documented }),
  };
  return grant === undefined ? provider : withoutUser(provider, settings, grant);
}

/** What is absent at nearly all providers. Regions are addresses, so they are not inherited by another server. */
function peculiarities(
  settings: ProviderSettings,
  base: Provider | null,
  moved: boolean,
): Pick<
  Provider,
  | 'scopeParameter'
  | 'scopesFrom'
  | 'tokenLifetime'
  | 'expiresAtMember'
  | 'regions'
  | 'httpsRedirect'
  | 'nonce'
> {
  const { scopeParameter, scopesFrom, tokenLifetime, expiresAtMember, regions, httpsRedirect, nonce } = {
    ...base,
    ...(moved && { regions: undefined, httpsRedirect: undefined, nonce: undefined }),
    ...settings,
  };
  return {
    ...(scopeParameter !== undefined && { scopeParameter }),
    ...(scopesFrom !== undefined && { scopesFrom }),
    ...(tokenLifetime !== undefined && { tokenLifetime }),
    ...(expiresAtMember !== undefined && { expiresAtMember }),
    ...(regions !== undefined && { regions }),
    ...(httpsRedirect !== undefined && { httpsRedirect }),
    ...(nonce !== undefined && { nonce }),
  };
}

/** The value of `client` for a client that this program registers itself. */
const REGISTERED = 'registered';

/** Each issuer has a redirect URI of its own, so that no other server gets a code of this one (RFC 9700 §4.4.2). */
function pathOf(issuer: string): string {
  return issuer
    .replace(/^https?:\/\//, '')
    .replace(/\/$/, '')
    .replace(/[^A-Za-z0-9._~/-]/g, '-');
}

/** A token for a resource has the scopes of that resource; those that identify the user are for the client. */
function notEchoed({ resource }: ProviderSettings): readonly string[] {
  return ['openid', 'offline_access', ...(resource === undefined ? [] : ['email'])];
}

const ONLY_WITH_OWN_CLIENT = ['clientId', 'clientSecret', 'clientAuth', 'redirectUri'] as const;
/** A client is registered where the metadata of the issuer says. */
const ONLY_WITHOUT_DISCOVERY = ['authorizationEndpoint', 'tokenEndpoint'] as const;
const ONLY_WITH_KEY = [
  'clientKeyFile',
  'clientKeyId',
  'clientCertificateFile',
  'clientAssertionAudience',
] as const;
const ONLY_FOR_EXCHANGE = ['from', 'requestedTokenType'] as const;
const ONLY_WITH_GRANT = ['audience'] as const;
/** They belong to the login of a user. */
const ONLY_WITH_USER = [
  ...([
    'authorizationEndpoint',
    'refreshEndpoint',
    'deviceAuthorizationEndpoint',
    'userinfoEndpoint',
    'identity',
    'pkce',
    'client',
  ] as const),
  ...(['redirectUri', 'redirectHost', 'redirectPort', 'redirectPath'] as const),
  ...(['authorizeParams', 'reconsentParams', 'resend', 'scopeParameter', 'scopesFrom', 'regions'] as const),
];

/** A setting that is ignored silently would hide a contradiction. @throws VaultError `config_invalid` */
function refuse(
  name: string,
  settings: ProviderSettings,
  fields: readonly (keyof ProviderSettings)[],
  why: string,
): void {
  const field = fields.find((each) => settings[each] !== undefined);
  if (field === undefined) return;
  throw new VaultError('config_invalid', `providers.${name}.${field} in config.json ${why}`, {
    hint: `remove providers.${name}.${field}, or correct the field that the message names`,
  });
}

/** The provider for a grant without a user: nothing of a login, and a client that proves who it is (RFC 6749 §4.4). */
function withoutUser(provider: Provider, settings: ProviderSettings, grant: RepeatableGrant): Provider {
  const { name, issuer, client } = provider;
  refuse(
    name,
    settings,
    ONLY_WITH_USER,
    `belongs to the login of a user, and there is none with grant "${grant}"`,
  );
  if (grant === 'token_exchange' && settings.from === undefined)
    throw new VaultError('config_invalid', `providers.${name}.from in config.json is not set`, {
      hint: `set providers.${name}.from to the account whose token is exchanged, for example "work/alice@example.com"`,
    });
  if (grant === 'client_credentials' && settings.clientAuth === 'none') {
    throw new VaultError(
      'config_invalid',
      `providers.${name} in config.json has clientAuth "none", and with grant "${grant}" the client must authenticate`,
      { hint: `set providers.${name}.clientAuth to "basic", "post" or "private_key_jwt", or remove it` },
    );
  }
  const { audience, from, requestedTokenType, scopes = [] } = settings;
  const byKey = settings.clientAuth === 'private_key_jwt';
  return {
    ...provider,
    grant,
    ...(audience === undefined ? {} : { audience }),
    ...(from === undefined ? {} : { from }),
    ...(requestedTokenType === undefined ? {} : { requestedTokenType }),
    ...{ scopes, requiredScopes: [], scopesNotEchoed: [], authorizeParams: {}, reconsentParams: {} },
    ...{ pkce: false, identity: NO_IDENTITY, grantLimits: [], device: null, deadEnds: [], notes: [] },
    client: {
      ...client,
      // An exchange may be requested by a public client.
      secret: byKey ? 'forbidden' : grant === 'client_credentials' ? 'required' : client.secret,
      registrationSteps: [
        `Register a confidential client at ${new URL(issuer).host} that may use the grant ${grant}; some servers call it a service account, or want the permissions granted to the application.`,
        byKey
          ? 'Register the public key or the certificate of the client, and copy the client ID.'
          : 'Copy the client ID and the client secret.',
      ],
    },
  };
}

function movesAway(settings: ProviderSettings, base: Provider): boolean {
  const otherIssuer = settings.issuer !== undefined && settings.issuer !== base.issuer;
  const token = settings.tokenEndpoint;
  const otherToken =
    token !== undefined && originOf(token) !== originOf(base.endpoints?.token ?? base.issuer);
  return otherIssuer || otherToken;
}

function originOf(url: string): string {
  return new URL(url).origin;
}

/** @returns null when they are discovered from the issuer */
function endpointsOf(
  name: string,
  settings: ProviderSettings,
  inherited: Endpoints | null,
): Endpoints | null {
  const authorization = settings.authorizationEndpoint ?? inherited?.authorization;
  const token = settings.tokenEndpoint ?? inherited?.token;
  if ((authorization !== undefined || settings.grant !== undefined) && token !== undefined) {
    const refresh = settings.refreshEndpoint ?? inherited?.refresh;
    if (refresh !== undefined && originOf(refresh) !== originOf(token))
      throw notWhole(name, 'refreshEndpoint has to be on the server of tokenEndpoint');
    return {
      authorization: authorization ?? null,
      token,
      ...(refresh !== undefined && { refresh }),
      revocation: settings.revocationEndpoint ?? inherited?.revocation ?? null,
      deviceAuthorization: settings.deviceAuthorizationEndpoint ?? inherited?.deviceAuthorization ?? null,
      userinfo: settings.userinfoEndpoint ?? inherited?.userinfo ?? null,
    };
  }
  const { authorizationEndpoint, tokenEndpoint, refreshEndpoint } = settings;
  const { revocationEndpoint, deviceAuthorizationEndpoint } = settings;
  const given = {
    ...{ authorizationEndpoint, tokenEndpoint, refreshEndpoint },
    ...{ revocationEndpoint, deviceAuthorizationEndpoint },
  };
  const lonely = Object.entries(given).find(([, value]) => value !== undefined)?.[0];
  if (lonely === undefined) return null;
  const needed = { authorizationEndpoint: authorization, tokenEndpoint: token };
  const missing = Object.entries(needed).flatMap(([field, value]) => (value === undefined ? [field] : []));
  throw notWhole(name, `${lonely} needs ${missing.join(' and ')} as well`);
}

function issuerOf(name: string, endpoints: Endpoints | null): string {
  if (endpoints !== null) return originOf(endpoints.token);
  throw notWhole(name, 'it has neither issuer nor authorizationEndpoint and tokenEndpoint');
}

function notWhole(name: string, why: string): VaultError {
  return new VaultError('config_invalid', `providers.${name} in config.json is incomplete: ${why}`, {
    hint: 'set issuer, or authorizationEndpoint and tokenEndpoint, or extends with the name of a built-in provider',
  });
}

function titleOf(name: string, base: Provider | null): string {
  if (base === null) return name;
  return base.name === name ? base.title : `${base.title} (${name})`;
}

function inheritedClient(
  name: string,
  settings: ProviderSettings,
  base: Provider,
  made: Pick<Provider, 'endpoints' | 'regions'>,
): ClientFacts {
  const own = clientVariables(name);
  const inherited = base.client;
  const known = [originOf(base.issuer), ...secretServers(base)];
  // Another server may be another's: it gets only the secrets that are meant for it.
  const shared =
    settings.baseUrl === undefined && secretServers(made).every((server) => known.includes(server));
  return {
    ...inherited,
    idVariables: [...new Set([own.id, ...(shared ? inherited.idVariables : [])])],
    secretVariables: [...new Set([own.secret, ...(shared ? inherited.secretVariables : [])])],
    secret: secretOf(settings, base),
  };
}

function ownClient(
  name: string,
  settings: ProviderSettings,
  base: Provider | null,
  issuer: string,
): ClientFacts {
  const own = clientVariables(name);
  return {
    idVariables: [own.id],
    secretVariables: [own.secret],
    secret: secretOf(settings, base),
    authWithSecret: settings.issuer === undefined ? 'basic-raw' : 'basic',
    idPattern: null,
    idExample: 'your-client-id',
    registrationUrl: issuer,
    registrationSteps: [
      `Register a client at ${new URL(issuer).host}: of type native or desktop if available, else of type web.`,
      'Register the redirect URI shown here. If it has to have a port, choose one and set redirectPort to it.',
      'Copy the client ID, and the client secret if there is one.',
    ],
  };
}

function secretOf(settings: ProviderSettings, base: Provider | null): ClientFacts['secret'] {
  if (settings.clientAuth === undefined) return base?.client.secret ?? 'optional';
  return ['none', 'basic-id', 'private_key_jwt'].includes(settings.clientAuth) ? 'forbidden' : 'required';
}

/** OpenID Connect Core §11: for `offline_access` a refresh token is issued only together with a consent prompt. */
function consentFor(scopes: readonly string[]): Readonly<Record<string, string>> {
  return scopes.includes('offline_access') ? { prompt: 'consent' } : {};
}

function revocationOf(
  settings: ProviderSettings,
  base: Provider | null,
  endpoints: Endpoints | null,
): RevocationFacts {
  const inherited = base?.revocation ?? { style: 'none', alreadyGone: [], caution: null };
  const { alreadyGone, caution } = inherited;
  if (endpoints !== null && endpoints.revocation === null)
    return { style: 'none', alreadyGone, caution: null };
  const { revocation } = settings;
  if (revocation !== undefined)
    return { ...(typeof revocation === 'string' ? { style: revocation } : revocation), alreadyGone, caution };
  const { elsewhere, ...facts } = inherited;
  const own = settings.revocationEndpoint === undefined && elsewhere !== undefined ? { elsewhere } : {};
  return { ...facts, ...own, style: facts.style === 'none' ? 'rfc7009' : facts.style };
}
