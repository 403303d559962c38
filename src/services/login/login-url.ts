import { providerWithClient } from '../../access/registered-client.js';
import { isProviderName } from '../../config/config-file.js';
import { changedConfigJson, isObject } from '../../config/config-json.js';
import { providerNames, resolveProvider, type SettingsSources } from '../../config/settings.js';
import type { Context } from '../../context.js';
import { parseEndpoint } from '../../domain/endpoint.js';
import { reworded } from '../../domain/error-forms.js';
import { VaultError } from '../../domain/errors.js';
import { command } from '../../domain/hints.js';
import { quoted } from '../../domain/safe-text.js';
import type { ServerMetadata } from '../../oauth/contract.js';
import { discover } from '../../oauth/discovery.js';
import { findProtectedResource, type ProtectedResource } from '../../oauth/protected-resource.js';
import type { Provider } from '../../providers/contract.js';
import type { ProviderSettings } from '../../providers/settings.js';
import type { ChangeContext } from '../config/change.js';
import { changeSettings } from '../config/change.js';
import { cannotRegister } from './login-client.js';
import type { LoginTalk } from './login-request.js';

export type UrlContext = ChangeContext &
  Pick<Context, 'http' | 'interruption' | 'readSettings' | 'vault' | 'provider'>;

/** What a URL turned out to be. */
type FoundByUrl = {
  /** Null where the URL is that of an issuer. */
  readonly resource: string | null;
  readonly issuer: string;
} & (
  | { readonly kind: 'known'; readonly provider: string }
  /** There is no provider for it in `config.json`; the names of the others are taken. */
  | { readonly kind: 'new'; readonly entry: Entry; readonly taken: readonly string[] }
);

type New = Extract<FoundByUrl, { readonly kind: 'new' }>;
type Entry = Readonly<Record<string, unknown>>;

/** Whether a login names a URL and not a provider. */
export function isUrl(name: string): boolean {
  return /^https?:\/\//i.test(name);
}

/**
 * Finds the authorization server of a URL: of a protected resource, such as an MCP server, by its metadata (RFC 9728); else the URL
 * is that of an issuer itself. The provider for it is the entry in `config.json` with this issuer and resource, or a new one. Nothing
 * is written.
 *
 * @throws VaultError `usage`, `network_failed`, `provider_unavailable`, `provider_answer_invalid`, `client_not_configured`
 */
async function findByUrl(ctx: UrlContext, address: string): Promise<FoundByUrl> {
  const url = parseEndpoint(address);
  if (url === null) {
    throw new VaultError(
      'usage',
      'a login takes an https URL (http only on 127.0.0.1, [::1] or localhost), without a user name and without #',
      { hint: `for example: ${command('login https://mcp.example.com/mcp')}` },
    );
  }
  const sources = await ctx.readSettings();
  const http = await ctx.http();
  const found = await findProtectedResource(http, url, ctx.interruption);
  const resource = found?.resource ?? null;
  const known = providersBy(sources).filter(
    ({ provider }) => (provider.resource ?? null) === resource && provider.grant === undefined,
  );
  const issuers = found?.authorizationServers ?? spellings(url);
  const same = known.find(({ provider }) => issuers.includes(provider.issuer));
  if (same !== undefined)
    return { kind: 'known', resource, issuer: same.provider.issuer, provider: same.name };
  const [changed] = resource === null ? [] : known;
  if (found !== null && changed !== undefined) throw otherServer(found, changed);
  const server = found === null ? await issuerAt(ctx, url) : await serverFor(ctx, found, sources);
  const { issuer } = server;
  const entry = entryFor(server, found, sources);
  return { kind: 'new', resource, issuer, entry, taken: providerNames(sources) };
}

/**
 * The provider for a URL, and the context for a login there.
 *
 * @param talk null: a new entry is not written to `config.json`
 * @throws VaultError as {@link findByUrl}
 */
export async function providerByUrl<T extends UrlContext>(
  ctx: T,
  address: string,
  talk: Pick<LoginTalk, 'on'> | null,
): Promise<{ readonly ctx: T; readonly name: string }> {
  const found = await findByUrl(ctx, address);
  const { resource, issuer } = found;
  const { configFile } = ctx.paths;
  if (found.kind === 'known') {
    talk?.on({ kind: 'found', resource, issuer, provider: found.provider, added: null });
    return { ctx: { ...ctx, ...withSettings(ctx, null) }, name: found.provider };
  }
  if (talk === null) {
    const { text, name } = withEntry(ctx.readText(configFile), configFile, found);
    return { ctx: { ...ctx, ...withSettings(ctx, text) }, name };
  }
  let name = '';
  const isAdded = await changeSettings(ctx, configFile, 'config_file', (before) => {
    const after = withEntry(before, configFile, found);
    name = after.name;
    return after.text;
  });
  talk.on({ kind: 'found', resource, issuer, provider: name, added: isAdded ? configFile : null });
  return { ctx: { ...ctx, ...withSettings(ctx, null) }, name };
}

/** The settings may have been read before the entry was written. */
function withSettings(ctx: UrlContext, config: string | null): Pick<Context, 'provider'> {
  return {
    async provider(name) {
      const sources = await (config === null ? ctx.readSettings() : ctx.readSettings(config));
      return providerWithClient(name, sources, ctx.vault);
    },
  };
}

interface Known {
  readonly name: string;
  readonly provider: Provider;
  /** Whether a client is set up for it. */
  readonly ready: boolean;
  readonly settings: ProviderSettings;
}

/** All providers with valid settings. */
function providersBy(sources: SettingsSources): readonly Known[] {
  return providerNames(sources).flatMap((name): Known[] => {
    try {
      const { provider, clientId } = resolveProvider(name, sources);
      const settings = sources.config.providers[name] ?? {};
      return [{ name, provider, ready: clientId !== null, settings }];
    } catch (failure) {
      if (failure instanceof VaultError) return [];
      throw failure;
    }
  });
}

/** Issuers are compared exactly, and users do not type the slash after a host. */
function spellings({ href, pathname }: URL): readonly [string, ...string[]] {
  if (pathname === '/') return [href.slice(0, -1), href];
  return [href];
}

/** The URL of an issuer. @throws VaultError when there is none either */
async function issuerAt({ http, interruption: signal }: UrlContext, url: URL): Promise<ServerMetadata> {
  const [first, other] = spellings(url);
  try {
    return await discover(await http(), first, { signal });
  } catch (failure) {
    if (!(failure instanceof VaultError) || failure.code !== 'provider_answer_invalid') throw failure;
    const again =
      other === undefined ? null : await discover(await http(), other, { signal }).catch(() => null);
    if (again !== null) return again;
    throw new VaultError(
      'provider_answer_invalid',
      `${url.host} does not say which authorization server protects ${url.href}, and is none itself: ${failure.message}`,
      {
        hint:
          url.pathname === '/'
            ? `with a client that you registered: ${command('setup NAME --issuer URL')}`
            : `check the URL, or try its server: ${command(`login ${quoted(url.origin)}`)}`,
      },
    );
  }
}

/**
 * The first server that the user has a client at, else the first one.
 *
 * @throws VaultError as {@link discover}; nothing in `config.json` names this server yet, so its hints would mislead
 */
async function serverFor(
  { http, interruption: signal }: UrlContext,
  { resource, authorizationServers }: ProtectedResource,
  sources: SettingsSources,
): Promise<ServerMetadata> {
  const own = providersBy(sources)
    .filter(({ ready }) => ready)
    .map(({ provider }) => provider.issuer);
  const issuer = authorizationServers.find((each) => own.includes(each)) ?? authorizationServers[0];
  try {
    return await discover(await http(), issuer, { order: 'oauth', signal });
  } catch (failure) {
    if (!(failure instanceof VaultError) || failure.code !== 'provider_answer_invalid') throw failure;
    throw reworded(failure, {
      message: `${resource} names ${issuer} as its authorization server, but ${failure.message}`,
      hint: 'check the URL, and ask who runs the two servers',
    });
  }
}

/**
 * The entry for a server and a resource. Its client, in the order of the Model Context Protocol: one that the user has registered, the
 * user's client id metadata document, one that this program registers.
 *
 * @throws VaultError `client_not_configured` when there is none of them
 */
function entryFor(
  server: ServerMetadata,
  found: ProtectedResource | null,
  sources: SettingsSources,
): Readonly<Record<string, unknown>> {
  const { issuer } = server;
  const scopes = scopesOf(server, found);
  const resource = found === null ? {} : { resource: found.resource };
  const rest = { ...resource, ...(scopes !== null && { scopes }) };
  const lender = providersBy(sources).find(
    ({ provider, ready, settings }) =>
      ready && provider.issuer === issuer && provider.grant === undefined && settings.client === undefined,
  );
  if (lender !== undefined && !sources.catalogue.names.includes(lender.name))
    return { issuer, ...rest, client: lender.name };
  if (lender !== undefined) return { extends: lender.name, ...rest };
  const document = sources.config.clientMetadataUrl;
  if (document !== undefined && server.clientIdDocuments === true)
    return { issuer, ...rest, clientId: document, clientAuth: 'none', redirectPath: '/callback' };
  if ((server.registrationEndpoint ?? null) === null) throw cannotRegister(server);
  return { issuer, ...rest, client: 'registered' };
}

/** For the identity and a refresh token, where the server offers them. */
const OF_THE_USER = ['openid', 'email', 'offline_access'];

/** Null: the defaults of a provider with an issuer. */
function scopesOf(
  { scopesSupported }: ServerMetadata,
  found: ProtectedResource | null,
): readonly string[] | null {
  const offered = OF_THE_USER.filter((scope) => scopesSupported?.includes(scope));
  if (found === null) return scopesSupported == null ? null : offered;
  return [...new Set([...(found.scopes ?? []), ...offered])];
}

/** Adds the entry to the file as it is by now: another login may have added this one, or taken the name. */
function withEntry(
  before: string | null,
  file: string,
  { resource, issuer, entry, taken }: New,
): { readonly text: string; readonly name: string } {
  const wanted = JSON.stringify(entry);
  let name = '';
  const text = changedConfigJson(before, file, (config) => {
    const providers = isObject(config['providers']) ? config['providers'] : {};
    const [same] = Object.keys(providers).filter((own) => JSON.stringify(providers[own]) === wanted);
    name = same ?? freeName(new URL(resource ?? issuer), [...taken, ...Object.keys(providers)]);
    return { ...config, providers: { ...providers, [name]: entry } };
  });
  return { text, name };
}

const LONGEST_NAME = 36;

/** The host, so that accounts are called `mcp.example.com/me`; a number is added where that name is taken. */
function freeName({ host }: URL, taken: readonly string[]): string {
  const plain = host
    .toLowerCase()
    .replace(/[^a-z0-9.-]+/g, '-')
    .slice(-LONGEST_NAME);
  const base = plain.replace(/^[^a-z0-9]+|[^a-z0-9]+$/g, '');
  for (let number = 1; ; number += 1) {
    const name = number === 1 ? base : `${base}-${number}`;
    if (isProviderName(name) && !taken.includes(name)) return name;
  }
}

/** A resource that suddenly names another server may have been taken over. */
function otherServer(
  { authorizationServers }: ProtectedResource,
  { name, provider: { issuer, resource }, settings }: Known,
): VaultError {
  const remove =
    settings.client === 'registered'
      ? `forget the old one and log in again: ${command(`providers --forget ${quoted(name)}`)}`
      : `remove ${name} from "providers" and log in again: ${command('config edit')}`;
  return new VaultError(
    'provider_answer_invalid',
    `${resource} names another authorization server now: ${authorizationServers[0]} instead of ${issuer}`,
    { hint: `if that is right, ${remove}` },
  );
}
