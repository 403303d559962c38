import { VaultError } from '../domain/errors.js';
import type { ClientFacts, Endpoints, Provider, ProviderSettings, RevocationFacts } from './contract.js';
import { identityOf } from './custom-identity.js';

const OIDC_SCOPES = ['openid', 'profile', 'email', 'offline_access'];

/**
 * Makes a provider of what the user wrote in `config.json`: fields laid over those of `base`, or a provider of the
 * user's own with the defaults told at {@link ProviderSettings}.
 *
 * A base lends its manner of speaking. What belongs to its server (the other endpoints, the issuer, and the
 * variables that hold its client's secret) it lends only while tokens still come from that server: otherwise one
 * line in `config.json` would send the secrets of one provider to another.
 *
 * @param base the built-in provider of the same name, or the one named by `extends`; null: none
 * @throws VaultError `config_invalid` saying what is missing or does not fit
 */
export function fromConfig(name: string, settings: ProviderSettings, base: Provider | null): Provider {
  const moved = base === null || movesAway(settings, base);
  const endpoints = endpointsOf(name, settings, moved ? null : base.endpoints);
  const issuer = settings.issuer ?? (moved ? issuerOf(name, endpoints) : base.issuer);
  const scopes = settings.scopes ?? base?.scopes ?? (settings.issuer === undefined ? [] : OIDC_SCOPES);
  const isOidc = base === null && settings.issuer !== undefined && scopes.includes('openid');
  return {
    name,
    title: settings.title ?? titleOf(name, base),
    issuer,
    issuerTemplate: !moved && base.issuerTemplate,
    ...(moved && settings.issuer === undefined && { issuerAssumed: true }),
    endpoints,
    pkce: settings.pkce ?? base?.pkce ?? true,
    clientAuth: settings.clientAuth ?? base?.clientAuth ?? 'none',
    tokenBody: settings.tokenBody ?? base?.tokenBody ?? 'form',
    headers: { ...base?.headers, ...settings.headers },
    client: moved ? ownClient(name, settings, base, issuer) : lentClient(name, settings, base),
    redirect: {
      host: settings.redirectHost ?? base?.redirect.host ?? '127.0.0.1',
      port: settings.redirectPort ?? base?.redirect.port ?? 0,
      path: settings.redirectPath ?? base?.redirect.path ?? `/callback/${name}`,
    },
    scopes,
    requiredScopes: base?.requiredScopes ?? (isOidc ? ['openid'] : []),
    scopeSeparator: settings.scopeSeparator ?? base?.scopeSeparator ?? ' ',
    scopeAliases: { ...base?.scopeAliases, ...settings.scopeAliases },
    scopesNotEchoed: base?.scopesNotEchoed ?? (isOidc ? ['openid', 'offline_access'] : []),
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
    manageUrl: settings.manageUrl ?? (moved ? null : base.manageUrl),
    notes: base?.notes ?? [],
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

/** @returns null when they are to be discovered from the issuer */
function endpointsOf(name: string, settings: ProviderSettings, lent: Endpoints | null): Endpoints | null {
  const authorization = settings.authorizationEndpoint ?? lent?.authorization;
  const token = settings.tokenEndpoint ?? lent?.token;
  if (authorization !== undefined && token !== undefined) {
    return {
      authorization,
      token,
      revocation: settings.revocationEndpoint ?? lent?.revocation ?? null,
      deviceAuthorization: settings.deviceAuthorizationEndpoint ?? lent?.deviceAuthorization ?? null,
      userinfo: settings.userinfoEndpoint ?? lent?.userinfo ?? null,
    };
  }
  const { authorizationEndpoint, tokenEndpoint, revocationEndpoint, deviceAuthorizationEndpoint } = settings;
  const given = { authorizationEndpoint, tokenEndpoint, revocationEndpoint, deviceAuthorizationEndpoint };
  const lonely = Object.entries(given).find(([, value]) => value !== undefined)?.[0];
  if (lonely === undefined) return null;
  throw notWhole(name, `${lonely} is given, which takes both authorizationEndpoint and tokenEndpoint`);
}

function issuerOf(name: string, endpoints: Endpoints | null): string {
  if (endpoints !== null) return originOf(endpoints.token);
  throw notWhole(name, 'neither issuer nor authorizationEndpoint and tokenEndpoint are given');
}

function notWhole(name: string, why: string): VaultError {
  return new VaultError(
    'config_invalid',
    `providers.${name} in config.json is not a whole provider: ${why}`,
    {
      hint: 'give it an issuer, or authorizationEndpoint and tokenEndpoint, or the name of a built-in provider in extends',
    },
  );
}

function titleOf(name: string, base: Provider | null): string {
  if (base === null) return name;
  return base.name === name ? base.title : `${base.title} (${name})`;
}

function variablesOf(name: string): { id: string; secret: string } {
  const own = name.toUpperCase().replace(/[^A-Z0-9]/g, '_');
  return { id: `${own}_CLIENT_ID`, secret: `${own}_CLIENT_SECRET` };
}

function lentClient(name: string, settings: ProviderSettings, base: Provider): ClientFacts {
  const own = variablesOf(name);
  const lent = base.client;
  return {
    ...lent,
    idVariables: [...new Set([own.id, ...lent.idVariables])],
    secretVariables: [...new Set([own.secret, ...lent.secretVariables])],
    secret: secretOf(settings, base),
  };
}

function ownClient(
  name: string,
  settings: ProviderSettings,
  base: Provider | null,
  issuer: string,
): ClientFacts {
  const own = variablesOf(name);
  return {
    idVariables: [own.id],
    secretVariables: [own.secret],
    secret: secretOf(settings, base),
    authWithSecret: settings.issuer === undefined ? 'basic-raw' : 'basic',
    idPattern: null,
    idExample: 'your-client-id',
    registrationUrl: issuer,
    registrationSteps: [
      `Register a client at ${new URL(issuer).host}: of a native or desktop kind where there is one, else of the web kind.`,
      'Register the redirect URI shown here. If it has to have a port, choose one and set redirectPort to it.',
      'Copy the client ID, and the client secret if there is one.',
    ],
  };
}

function secretOf(settings: ProviderSettings, base: Provider | null): ClientFacts['secret'] {
  if (settings.clientAuth === undefined) return base?.client.secret ?? 'optional';
  return settings.clientAuth === 'none' ? 'forbidden' : 'required';
}

/** OpenID Connect Core §11: a refresh token is given for `offline_access` when consent is asked along with it. */
function consentFor(scopes: readonly string[]): Readonly<Record<string, string>> {
  return scopes.includes('offline_access') ? { prompt: 'consent' } : {};
}

function revocationOf(
  settings: ProviderSettings,
  base: Provider | null,
  endpoints: Endpoints | null,
): RevocationFacts {
  const { style, alreadyGone, caution } = base?.revocation ?? {
    style: 'none',
    alreadyGone: [],
    caution: null,
  };
  if (endpoints !== null && endpoints.revocation === null)
    return { style: 'none', alreadyGone, caution: null };
  return { style: settings.revocation ?? (style === 'none' ? 'rfc7009' : style), alreadyGone, caution };
}
