import { isIssuer, isProviderName } from '../../config/config-file.js';
import {
  providerNames,
  type ResolvedProvider,
  resolveProvider,
  type SettingsSources,
} from '../../config/settings.js';
import { parseEndpoint } from '../../domain/endpoint.js';
import { orElse, VaultError } from '../../domain/errors.js';
import { command } from '../../domain/hints.js';
import { quoted } from '../../domain/safe-text.js';
import type { FoundLogin, FoundServer } from '../../imports/contract.js';
import { ownerOfClient, presentEndpoint } from '../../imports/services.js';
import type { SetupRequest } from '../setup/setup.js';

/** The provider to which a login of another tool belongs. */
export interface MatchedProvider {
  readonly name: string;
  /** What has to be stored first; null where the client is set up already. */
  readonly setup: SetupRequest | null;
}

export interface MatchRequest {
  readonly tool: string;
  /** For hints. */
  readonly file: string;
  /** Given with `--provider`. */
  readonly provider: string | null;
}

/**
 * Finds the provider of a login by its token endpoint or issuer, with the same client: a refresh token works only with the client
 * it was issued to (RFC 6749 §6). Where none is configured for this client, it says what to store: the client of a built-in
 * provider that has none yet, or a provider of its own in `config.json`. Nothing that is set is replaced.
 *
 * @throws VaultError `usage` when the login cannot be matched
 */
export function matchProvider(
  login: FoundLogin,
  request: MatchRequest,
  sources: SettingsSources,
): MatchedProvider {
  const owner = login.clientOwner ?? (login.clientId === null ? null : ownerOfClient(login.clientId));
  if (owner !== null) throw toolsClient(owner, login, sources);
  const server = readServer(login.server);
  const all = providerNames(sources).flatMap((name) => orElse(() => [resolveProvider(name, sources)], []));
  const users = all.filter(({ provider }) => provider.grant === undefined);
  if (request.provider !== null) return chosen(request.provider, users, login, server, request, sources);
  if (server.issuer === null && server.tokenEndpoint === null) throw serverUnknown(request);
  const same = users.filter((each) => fits(each, server) === 'same');
  const found =
    same.find(({ clientId }) => clientId !== null && (login.clientId ?? clientId) === clientId) ??
    same.find(({ clientId }) => clientId === null);
  if (found !== undefined) return withClient(found, login, request);
  if (login.clientId === null) throw clientUnknown(same[0]?.provider.name ?? 'NAME', request);
  const base = same[0] ?? users.find((each) => fits(each, server) === 'related');
  const name = freeName(base?.provider.name ?? nameOf(server), request.tool, sources, base !== undefined);
  return added(name, base, login, server);
}

interface Server extends FoundServer {
  readonly issuer: string | null;
  readonly tokenEndpoint: string | null;
  readonly authorizationEndpoint: string | null;
}

/** What a tool's file says of the server, as far as it could be used. */
function readServer(found: FoundServer): Server {
  const address = (url: string | null | undefined) =>
    url !== null && url !== undefined && parseEndpoint(url) !== null ? url : null;
  const { issuer = null, tokenEndpoint = null } = found;
  return {
    ...found,
    issuer: issuer !== null && isIssuer(issuer) ? issuer.replace(/\/$/, '') : null,
    tokenEndpoint: tokenEndpoint === null ? null : address(presentEndpoint(tokenEndpoint)),
    authorizationEndpoint: address(found.authorizationEndpoint),
    deviceAuthorizationEndpoint: address(found.deviceAuthorizationEndpoint),
  };
}

/** `related`: another tenant of the same built-in service. */
function fits({ provider, builtIn }: ResolvedProvider, server: Server): 'same' | 'related' | null {
  const { endpoints, issuer } = provider;
  const { tokenEndpoint } = server;
  if (server.issuer !== null && server.issuer === issuer.replace(/\/$/, '')) return 'same';
  if (tokenEndpoint === null) return null;
  if (endpoints === null)
    return server.issuer === null && originOf(issuer) === originOf(tokenEndpoint) ? 'same' : null;
  if (endpoints.token === tokenEndpoint) return 'same';
  return builtIn && originOf(endpoints.token) === originOf(tokenEndpoint) ? 'related' : null;
}

function originOf(url: string): string {
  return new URL(url).origin;
}

function chosen(
  name: string,
  users: readonly ResolvedProvider[],
  login: FoundLogin,
  server: Server,
  request: MatchRequest,
  sources: SettingsSources,
): MatchedProvider {
  const found = users.find(({ provider }) => provider.name === name);
  if (found === undefined) {
    if (!isProviderName(name) || providerNames(sources).includes(name))
      throw new VaultError('usage', `--provider ${name} is not the name of a provider with a login`, {
        hint: 'use lower-case letters and digits, with . _ - between them',
      });
    if (login.clientId === null) throw clientUnknown(name, request);
    const base = users.find((each) => each.builtIn && fits(each, server) !== null);
    return added(name, base, login, server);
  }
  const isKnown = server.issuer !== null || server.tokenEndpoint !== null;
  if (isKnown && fits(found, server) !== 'same') {
    const host = new URL(server.tokenEndpoint ?? server.issuer ?? '').host;
    throw new VaultError(
      'usage',
      `this login belongs to ${host}, and ${name} is another server, so nothing was sent`,
      { hint: `leave out --provider, or choose a name that is not taken: ${command('providers')}` },
    );
  }
  if (login.clientId !== null && found.clientId !== null && found.clientId !== login.clientId) {
    throw new VaultError(
      'usage',
      `${name} is set up with another client than this login, whose refresh token works only with its own`,
      { hint: `leave out --provider, or choose a name that is not taken: ${command('providers')}` },
    );
  }
  return withClient(found, login, request);
}

/** A provider that is there, with the client of the login where it has none. */
function withClient(found: ResolvedProvider, login: FoundLogin, request: MatchRequest): MatchedProvider {
  const { name, client } = found.provider;
  const secret = client.secret === 'forbidden' ? null : login.clientSecret;
  const base = { name, issuer: null, tenant: null };
  if (found.clientId !== null) {
    const lacks = found.clientSecret === null && secret !== null && login.clientId === found.clientId;
    return { name, setup: lacks ? { ...base, clientId: null, clientSecret: secret } : null };
  }
  const { clientId } = login;
  if (clientId === null) throw clientUnknown(name, request);
  return { name, setup: { ...base, clientId, clientSecret: secret } };
}

/** A provider of its own for this client. */
function added(
  name: string,
  base: ResolvedProvider | undefined,
  login: FoundLogin,
  server: Server,
): MatchedProvider {
  const { clientId, clientSecret } = login;
  const isSame = base !== undefined && fits(base, server) === 'same';
  const { authorizationEndpoint, tokenEndpoint, deviceAuthorizationEndpoint = null, clientAuth } = server;
  const extended: Record<string, string> = base?.builtIn ? { extends: base.provider.name } : {};
  const ofBase = isSame ? base.provider : null;
  const issuer = base?.builtIn
    ? null
    : (server.issuer ?? (ofBase?.endpoints === null ? ofBase.issuer : null));
  const endpoints =
    issuer !== null || (isSame && base.builtIn)
      ? {}
      : endpointsOf(name, {
          authorizationEndpoint: authorizationEndpoint ?? ofBase?.endpoints?.authorization ?? null,
          tokenEndpoint,
          deviceAuthorizationEndpoint,
        });
  const auth =
    base?.builtIn || clientSecret === null || clientAuth === undefined || issuer !== null
      ? {}
      : { clientAuth };
  const members = { ...extended, ...endpoints, ...auth };
  return { name, setup: { name, issuer, members, clientId, clientSecret, tenant: null } };
}

/** @throws VaultError `usage` when a login could not be made there later */
function endpointsOf(
  name: string,
  endpoints: Readonly<Record<string, string | null>>,
): Readonly<Record<string, string>> {
  const { authorizationEndpoint, tokenEndpoint } = endpoints;
  if (authorizationEndpoint === null || tokenEndpoint === null) {
    const host = tokenEndpoint ? new URL(tokenEndpoint).host : 'its server';
    throw new VaultError(
      'usage',
      `no provider is set up for ${host}, and the file does not say enough to add one`,
      {
        hint: `set it up, then import with --provider: ${command(`setup ${quoted(name)} --issuer URL`)}`,
      },
    );
  }
  return Object.fromEntries(
    Object.entries(endpoints).filter((entry): entry is [string, string] => entry[1] !== null),
  );
}

/** `login.example.com` → `example` */
function nameOf({ issuer, tokenEndpoint }: Server): string {
  const { hostname } = new URL(issuer ?? tokenEndpoint ?? '');
  const parts = /^[\d.]+$|^\[/.test(hostname) ? ['server'] : hostname.split('.');
  const name = (parts.length > 1 ? parts.at(-2) : parts[0])?.toLowerCase() ?? '';
  return isProviderName(name) ? name : 'server';
}

/** @param isTaken whether the provider of this name has another client */
function freeName(base: string, tool: string, sources: SettingsSources, isTaken: boolean): string {
  const names = providerNames(sources);
  const stem = isTaken || names.includes(base) ? `${base}-${tool}` : base;
  let name = stem;
  for (let number = 2; names.includes(name); number += 1) name = `${stem}-${number}`;
  return name;
}

function serverUnknown({ tool, file }: MatchRequest): VaultError {
  return new VaultError('usage', 'the file does not say to which server the login belongs', {
    hint: `name its provider: ${command(`import ${tool} ${quoted(file)} --provider NAME`)}\nto see the providers: ${command('providers')}`,
  });
}

function clientUnknown(provider: string, { tool, file }: MatchRequest): VaultError {
  return new VaultError(
    'usage',
    'the file does not contain the client id, and a refresh token works only with the client it was issued to',
    {
      hint: `store that client first: ${command(`setup ${quoted(provider)} --client-id ID --client-secret-file FILE --no-login`)}\nthen import again: ${command(`import ${tool} ${quoted(file)}`)}`,
    },
  );
}

function toolsClient(owner: string, login: FoundLogin, sources: SettingsSources): VaultError {
  const server = readServer(login.server);
  const name = providerNames(sources).find((each) => {
    const found = orElse(() => resolveProvider(each, sources), null);
    return found !== null && fits(found, server) !== null;
  });
  return new VaultError(
    'usage',
    `this login was made with the client of ${owner}, and its refresh token works only with that; the clients of other programs are not used here`,
    { hint: `log in with a client of your own: ${command(name === undefined ? 'setup' : `setup ${name}`)}` },
  );
}
