import { closest } from '../domain/closest.js';
import { redirectUri, secretServers } from '../domain/endpoint.js';
import { VaultError } from '../domain/errors.js';
import { command, setProvider } from '../domain/hints.js';
import { inQuotes, quoted } from '../domain/safe-text.js';
import type { Secret } from '../domain/secret.js';
import type { ClientAuth, ConfiguredProvider, Provider } from '../providers/contract.js';
import type { ProviderCatalogue, ProviderSettings } from '../providers/settings.js';
import type { Paths } from '../system/contract.js';
import {
  findCredentials,
  type Lookup,
  type MissingSetting,
  readRedirectUri,
  wrongClientId,
} from './client.js';
import { type ClientKey, type KeyFiles, readClientKey } from './client-key.js';
import { type ConfigFile, isProviderName, parseConfigFile } from './config-file.js';
import { parseEnvFile } from './env-file.js';
import { misspeltVariables } from './misspelt.js';
import { withoutPlaceholders } from './placeholders.js';

/** The sources of a provider's settings, strongest first: environment, `.env`, `config.json`, built in. */
export interface SettingsSources extends KeyFiles {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The values of `.env`. */
  readonly envFile: Readonly<Record<string, string>>;
  readonly config: ConfigFile;
  readonly catalogue: ProviderCatalogue;
  /** The path of that `.env`, which may not exist; for hints. */
  readonly envFilePath: string;
}

/** A provider with its settings and what is wrong with them. */
export interface ResolvedProvider {
  readonly provider: Provider;
  readonly builtIn: boolean;
  readonly clientId: string | null;
  readonly clientSecret: Secret | null;
  readonly redirectUri: string | null;
  readonly missing: readonly MissingSetting[];
  /** Empty when a login can start; the first one is shown. */
  readonly problems: readonly VaultError[];
}

/** The redirect URI to register at the provider; null where no user logs in. */
export function redirectToRegister(
  resolved: Pick<ResolvedProvider, 'provider' | 'redirectUri'>,
): string | null {
  const { provider } = resolved;
  return provider.grant === undefined ? (resolved.redirectUri ?? redirectUri(provider.redirect)) : null;
}

/** The built-in providers, then the user's own in the order of `config.json`. */
export function providerNames({ catalogue, config }: SettingsSources): readonly string[] {
  return [...new Set([...catalogue.names, ...Object.keys(config.providers)])];
}

/**
 * @returns the provider ready for a login or a refresh
 * @throws VaultError `provider_unknown`, `client_not_configured` with each missing variable and the line to write,
 *   `config_invalid`
 */
export function configureProvider(name: string, sources: SettingsSources): ConfiguredProvider {
  const { provider, problems, clientId, ...rest } = resolveProvider(name, sources);
  const problem = problems[0];
  if (problem !== undefined) throw problem;
  const { clientSecret, redirectUri: own } = rest;
  return withoutPlaceholders({ ...provider, clientId: clientId ?? '', clientSecret, redirectUri: own });
}

/** Whether a provider with `insecureLoopback` has an endpoint at this origin. */
export function allowsInsecureLoopback(origin: string, { config }: SettingsSources): boolean {
  return Object.values(config.providers).some(
    (own) =>
      own.insecureLoopback === true &&
      [
        own.issuer,
        own.tokenEndpoint,
        own.revocationEndpoint,
        own.deviceAuthorizationEndpoint,
        own.userinfoEndpoint,
      ].some((address) => address !== undefined && new URL(address).origin === origin),
  );
}

/**
 * As {@link configureProvider}, but missing and malformed settings are returned and not thrown, for overviews.
 *
 * @throws VaultError `provider_unknown`; `config_invalid` when the settings do not make a provider at all
 */
export function resolveProvider(name: string, sources: SettingsSources): ResolvedProvider {
  const { catalogue, config } = sources;
  const lookup = lookupIn(sources);
  const own = Object.hasOwn(config.providers, name) ? config.providers[name] : undefined;
  const bare = baseOf(name, own, sources);
  if (bare === null && own === undefined) throw unknownProvider(name, providerNames(sources));
  const settings = own ?? {};
  const facts = bare !== null && own === undefined ? bare : catalogue.fromConfig(name, settings, bare);

  const lent = lender(name, facts, settings, sources);
  if (lent !== null) {
    const { provider: other, builtIn: _, ...client } = lent;
    const { clientAuth, assertion, redirect } = other;
    const taken = { clientAuth, redirect, client: other.client, ...(assertion && { assertion }) };
    return { ...client, builtIn: false, provider: { ...facts, ...taken } };
  }
  if (facts.registered === true) return registeredAtLogin(facts, catalogue.names.includes(name));
  const found = findCredentials(facts.client, settings, lookup);
  const key = keyOf(name, facts, settings, sources);
  const redirected = redirectOf(facts, settings, lookup);
  const malformed = found.clientId === null ? null : wrongClientId(facts.title, facts.client, found.clientId);
  const problems = [
    ...(found.missing.length > 0 ? [notConfigured(facts, found.missing, sources)] : []),
    ...(malformed === null ? [] : [malformed]),
    ...(redirected instanceof VaultError ? [redirected] : unregistrable(facts, redirected.redirectUri)),
    ...uselessSecret(name, facts, settings),
    ...(key instanceof VaultError ? [key] : []),
  ];
  const isConfidential = PUBLIC.includes(facts.clientAuth) && found.clientSecret !== null;
  return {
    provider: {
      ...facts,
      clientAuth: isConfidential ? (facts.client.authWithSecret ?? 'basic') : facts.clientAuth,
      ...assertionOf(key, facts, settings),
      redirect: redirected instanceof VaultError ? facts.redirect : redirected.redirect,
    },
    builtIn: catalogue.names.includes(name),
    clientId: found.clientId,
    clientSecret: key === null || key instanceof VaultError ? found.clientSecret : key.key,
    redirectUri: redirected instanceof VaultError ? null : redirected.redirectUri,
    missing: found.missing,
    problems,
  };
}

/** The provider whose client is used; null: it has one of its own. @throws VaultError `config_invalid` */
function lender(
  name: string,
  facts: Provider,
  { client }: ProviderSettings,
  sources: SettingsSources,
): ResolvedProvider | null {
  const { issuer, registered } = facts;
  if (client === undefined || registered === true) return null;
  const other = sources.config.providers[client];
  const wrong = (why: string) =>
    new VaultError('config_invalid', `providers.${name}.client in config.json ${why}`, {
      hint: `set providers.${name}.client to "registered", or to a provider with its issuer and a client of its own`,
    });
  if (!providerNames(sources).includes(client) || other?.client !== undefined || client === name)
    throw wrong('is not the name of a provider with a client of its own');
  const lent = resolveProvider(client, sources);
  // The secret of one server's client must not be sent to another server.
  if (lent.provider.issuer !== issuer) throw wrong('names a provider that has another issuer');
  const known = [new URL(issuer).origin, ...secretServers(lent.provider)];
  if (secretServers(facts).some((server) => !known.includes(server)))
    throw wrong('names a provider that has none of the servers to which this one sends the secret');
  return lent;
}

/** Its client is in the vault, once a login has registered it. */
function registeredAtLogin(provider: Provider, builtIn: boolean): ResolvedProvider {
  const nothing = { clientId: null, clientSecret: null, redirectUri: null };
  return { provider, builtIn, ...nothing, missing: [], problems: [] };
}

/** An empty variable counts as unset: that switches it off for a single command. */
function lookupIn({ env, envFile }: SettingsSources): Lookup {
  return (variable) => {
    const inEnv = env[variable]?.trim();
    if (inEnv) return inEnv;
    const inFile = Object.hasOwn(envFile, variable) ? envFile[variable]?.trim() : undefined;
    return inFile || undefined;
  };
}

function baseOf(name: string, own: ProviderSettings | undefined, sources: SettingsSources): Provider | null {
  const { catalogue, env, envFile } = sources;
  const lookup = lookupIn(sources);
  const names = [...Object.keys(envFile), ...Object.keys(env)];
  const merged = Object.fromEntries(names.map((variable) => [variable, lookup(variable)]));
  const base = catalogue.builtIn(own?.extends ?? name, merged, own?.baseUrl ?? null);
  if (base !== null || own?.extends === undefined) return base;
  throw new VaultError(
    'config_invalid',
    `providers.${name}.extends in config.json is not the name of a built-in provider`,
    {
      hint: `to list the built-in providers: ${command('providers')}`,
    },
  );
}

function redirectOf(facts: Provider, settings: ProviderSettings, lookup: Lookup) {
  const variable = lookup('OAUTH_REDIRECT_URI');
  const text = variable ?? settings.redirectUri;
  if (text === undefined) return { redirectUri: null, redirect: facts.redirect };
  try {
    const choice = readRedirectUri(
      text,
      variable === undefined ? 'redirectUri in config.json' : 'OAUTH_REDIRECT_URI',
    );
    return { redirectUri: choice.redirectUri, redirect: choice.redirect ?? facts.redirect };
  } catch (failure) {
    if (failure instanceof VaultError) return failure;
    throw failure;
  }
}

/** A provider that registers https redirect URIs only would refuse the one on this machine after the login began. */
function unregistrable({ name, title, httpsRedirect }: Provider, own: string | null): readonly VaultError[] {
  if (httpsRedirect !== true || own?.startsWith('https:') === true) return [];
  return [
    new VaultError(
      'client_not_configured',
      `${title} cannot be used yet: it accepts only https redirect URIs, and none is set`,
      {
        hint: `${setProvider(name, 'redirectUri', 'https://example.com/callback')}\nuse a page of your own that you registered at ${title}; after the login you paste its address`,
        details: { missing: ['redirectUri'] },
      },
    ),
  ];
}

/** The private key of a client that authenticates with one; null for other clients. */
function keyOf(
  name: string,
  { clientAuth }: Provider,
  settings: ProviderSettings,
  sources: SettingsSources,
): ClientKey | VaultError | null {
  if (clientAuth !== 'private_key_jwt') return null;
  try {
    return readClientKey(`providers.${name}`, settings, sources);
  } catch (failure) {
    if (failure instanceof VaultError) return failure;
    throw failure;
  }
}

function assertionOf(
  key: ClientKey | VaultError | null,
  { issuer }: Provider,
  { clientAssertionAudience }: ProviderSettings,
): Pick<Provider, 'assertion'> {
  if (key === null || key instanceof VaultError) return {};
  return { assertion: { ...key.facts, audience: clientAssertionAudience === 'issuer' ? issuer : null } };
}

/** Silently ignoring a secret would hide a contradiction in the configuration. */
function uselessSecret(name: string, facts: Provider, settings: ProviderSettings): readonly VaultError[] {
  if (facts.client.secret !== 'forbidden' || settings.clientSecret === undefined) return [];
  return [
    new VaultError(
      'config_invalid',
      `providers.${name} in config.json has a clientSecret, but clientAuth "${facts.clientAuth}" does not send it`,
      {
        hint: `remove providers.${name}.clientSecret, or set providers.${name}.clientAuth to "post" or "basic"`,
      },
    ),
  ];
}

function notConfigured(
  facts: Provider,
  missing: readonly MissingSetting[],
  sources: SettingsSources,
): VaultError {
  const { envFilePath } = sources;
  const lines = missing.map(({ variable, what }) => `${variable}=<${what}>`);
  const said = missing.map(({ variable, why }) => `${variable} ${why}`).join(', ');
  const what = lines.length === 1 ? 'this line' : 'these lines';
  const mistyped = misspeltVariables(Object.keys(sources.envFile), providerNames(sources)).filter(
    ({ meant }) => missing.some(({ variable }) => variable === meant),
  );
  return new VaultError('client_not_configured', `${facts.title} cannot be used yet: ${said}`, {
    hint: [
      ...mistyped.map(({ name, meant }) => `${quoted(envFilePath)} sets ${name}; did you mean ${meant}?`),
      command(`setup ${facts.name}`),
      `or register a client at ${facts.client.registrationUrl}`,
      `and put ${what} into ${quoted(envFilePath)}: ${lines.join(' and ')}`,
    ].join('\n'),
    details: { missing: missing.map(({ variable }) => variable), lines, env_file: envFilePath },
  });
}

function unknownProvider(name: string, known: readonly string[]): VaultError {
  const guess = closest(name, known);
  return new VaultError('provider_unknown', `unknown provider '${name.slice(0, 60)}'`, {
    hint: [
      `${guess === null ? '' : `did you mean ${guess}? `}to list them: ${command('providers')}`,
      `to add a server of your own: ${command(`setup ${isProviderName(name) ? name : 'NAME'} --issuer URL`)}`,
    ].join('\n'),
    details: { known },
  });
}

const PUBLIC: readonly ClientAuth[] = ['none', 'basic-id'];

export interface LoadOptions {
  readonly env: SettingsSources['env'];
  readonly paths: Pick<Paths, 'configFile' | 'envFile'>;
  /** An `.env` to read instead of the one in the configuration folder. */
  readonly envFile: string | null;
  readonly catalogue: ProviderCatalogue;
  /** The text of a private file; null when it does not exist. */
  readonly readText: KeyFiles['readText'];
  readonly readPublic: KeyFiles['readPublic'];
}

/** Reads all sources of settings. @throws VaultError `config_invalid`, `vault_permissions` */
export function loadSettings(options: LoadOptions): SettingsSources {
  const { env, paths, envFile, catalogue, readText, readPublic } = options;
  const envFilePath = envFile ?? paths.envFile;
  const envText = readText(envFilePath);
  if (envText === null && envFile !== null) {
    throw new VaultError('config_invalid', `the file given with --settings does not exist: ${envFile}`, {
      hint: `ls -l ${inQuotes(envFile)}`,
    });
  }
  return {
    env,
    envFile: envText === null ? {} : parseEnvFile(envText, envFilePath),
    config: parseConfigFile(readText(paths.configFile), paths.configFile),
    catalogue,
    envFilePath,
    readText,
    readPublic,
  };
}
