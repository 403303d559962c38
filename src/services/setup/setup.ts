import { resolve } from 'node:path';
import { copyingMistake, wrongClientId } from '../../config/client.js';
import { changedConfigJson, isObject } from '../../config/config-json.js';
import { withVariables } from '../../config/env-file.js';
import { type ResolvedProvider, resolveProvider } from '../../config/settings.js';
import type { Context } from '../../context.js';
import { accountName } from '../../domain/account.js';
import { reworded } from '../../domain/error-forms.js';
import { VaultError } from '../../domain/errors.js';
import { command, setProvider } from '../../domain/hints.js';
import { quoted } from '../../domain/safe-text.js';
import { Secret } from '../../domain/secret.js';
import { discover } from '../../oauth/discovery.js';
import type { Provider } from '../../providers/contract.js';
import type { ProviderCatalogue } from '../../providers/settings.js';
import { type ChangeContext, changeSettings } from '../config/change.js';

export type SetupContext = ChangeContext & Pick<Context, 'envFile' | 'readSettings' | 'vault'>;

/** The values to set; null keeps what is set already. */
export interface SetupRequest {
  readonly name: string;
  /** Of a server of the user's own. */
  readonly issuer: string | null;
  /** More fields of `providers.NAME` in `config.json`, for one that is not there yet. */
  readonly members?: Readonly<Record<string, string>>;
  readonly clientId: string | null;
  /** `none`: the client has none, so that one that is set is removed. */
  readonly clientSecret: Secret | 'none' | null;
  /** Only of a provider that has one. */
  readonly tenant: string | null;
}

export interface SetupResult {
  readonly resolved: ResolvedProvider;
  readonly configFile: string;
  readonly envFile: string;
  /** Variables of the `.env` and places in `config.json`. */
  readonly written: readonly string[];
  /** Where a client secret was removed. */
  readonly removed: readonly string[];
  /** Another client id or issuer was set before; null: none. */
  readonly replaced: Replaced | null;
  /** Whether a client secret from before is sent with the client id that was given. */
  readonly keptSecret: boolean;
  /** Variables whose value counts instead of what was written or removed. */
  readonly overriddenBy: readonly string[];
}

export interface Replaced {
  /** What was set before, by the place it is set in. */
  readonly before: Readonly<Record<string, string>>;
  /** Accounts whose refresh token belongs to the client from before (RFC 6749 §6). */
  readonly accounts: readonly string[];
}

/**
 * The provider as it would be with this issuer. Nothing is written.
 *
 * @throws VaultError `usage` for the issuer of a built-in provider, `provider_unknown`, `config_invalid`
 */
export async function plannedProvider(
  ctx: Pick<SetupContext, 'paths' | 'readSettings' | 'readText'>,
  { name, issuer, members = {} }: Pick<SetupRequest, 'name' | 'issuer' | 'members'>,
): Promise<ResolvedProvider> {
  const { configFile } = ctx.paths;
  const text = ctx.readText(configFile);
  const planned = issuer === null ? members : { ...members, issuer };
  const sources = await ctx.readSettings(
    Object.keys(planned).length === 0 ? text : withProvider(text, configFile, name, planned),
  );
  if (issuer !== null && sources.catalogue.names.includes(name)) {
    throw new VaultError(
      'usage',
      `${name} is built in and has its issuer; choose another name for your server`,
      {
        hint: command(`setup my-${name} --issuer URL`),
      },
    );
  }
  return resolveProvider(name, sources);
}

/**
 * Reads the metadata of a server: a mistyped issuer is found before it is written.
 *
 * @throws VaultError `network_failed`, `provider_unavailable`, `provider_answer_invalid`
 */
export async function checkIssuer({ http }: Pick<Context, 'http'>, issuer: string): Promise<void> {
  try {
    await discover(await http(), issuer, {});
  } catch (failure) {
    if (!(failure instanceof VaultError)) throw failure;
    const own = failure.hint === undefined ? '' : `${failure.hint}\n`;
    throw reworded(failure, {
      message: `nothing was written: ${failure.message}`,
      hint: `${own}to set it up without asking the server: add --offline`,
    });
  }
}

/**
 * Writes the client of a provider: id and secret into the `.env`; the id and the issuer of a server of the user's own into
 * `config.json`. Everything is checked first.
 *
 * @throws VaultError `usage` when something is missing or not wanted, `config_invalid` when something has the wrong form
 */
export async function setUpProvider(ctx: SetupContext, request: SetupRequest): Promise<SetupResult> {
  const { name, issuer } = request;
  const planned = await plannedProvider(ctx, request);
  const { config, envFile: variablesBefore, env, catalogue } = await ctx.readSettings();
  const before = config.providers[name];
  const { builtIn, provider } = planned;
  const { client, title } = provider;
  const { clientId, clientSecret } = complete(planned, request);
  const mistake = copyingMistake(provider, clientId, clientSecret);
  if (mistake !== null)
    throw new VaultError('config_invalid', mistake, {
      hint: `copy both again from ${client.registrationUrl}`,
    });
  const wrong = wrongClientId(title, client, clientId);
  if (wrong !== null) throw wrong;
  const tenant = request.tenant === null ? {} : checkTenant(provider, request.tenant, catalogue);

  const { configFile } = ctx.paths;
  const envFile = ctx.envFile === null ? ctx.paths.envFile : resolve(ctx.envFile);
  const { clientSecret: secret } = request;
  const [idVariable = '', secretVariable = ''] = [client.idVariables[0], client.secretVariables[0]];
  // The variable of the provider that this one extends would count instead of `config.json`.
  const idInFile = builtIn || client.idVariables.length > 1;
  const variables = {
    ...tenant,
    ...(idInFile && request.clientId !== null && { [idVariable]: request.clientId }),
    ...(secret instanceof Secret && { [secretVariable]: secret.reveal() }),
    ...(secret === 'none' && secretVariable in variablesBefore && { [secretVariable]: null }),
  };
  const members = {
    ...request.members,
    ...(issuer !== null && { issuer }),
    ...(!idInFile && request.clientId !== null && { clientId: request.clientId }),
    ...(secret === 'none' && before?.clientSecret !== undefined && { clientSecret: null }),
  };
  // First what a login cannot do without.
  if (Object.keys(members).length > 0)
    await changeSettings(ctx, configFile, 'config_file', (text) =>
      withProvider(text, configFile, name, members),
    );
  if (Object.keys(variables).length > 0)
    await changeSettings(ctx, envFile, 'env_file', (text) => withVariables(text, variables, envFile));
  const resolved = resolveProvider(name, await ctx.readSettings());
  const changes = [
    ...Object.entries(members).map(([field, value]) => [`providers.${name}.${field}`, value] as const),
    ...Object.entries(variables),
  ];
  return {
    resolved,
    configFile,
    envFile,
    written: changes.filter(([, value]) => value !== null).map(([place]) => place),
    removed: changes.filter(([, value]) => value === null).map(([place]) => place),
    replaced: await whatWasReplaced(ctx, request, {
      [idInFile ? idVariable : `providers.${name}.clientId`]: [planned.clientId, request.clientId],
      [`providers.${name}.issuer`]: [before?.issuer ?? null, issuer],
    }),
    keptSecret: request.clientId !== null && secret === null && resolved.clientSecret !== null,
    overriddenBy: [
      ...(resolved.clientId === clientId ? [] : client.idVariables),
      ...(secret === 'none' && resolved.clientSecret !== null ? client.secretVariables : []),
      ...Object.entries(tenant).flatMap(([name, value]) => ((env[name] || value) === value ? [] : [name])),
    ],
  };
}

/**
 * @returns the variable to write
 * @throws VaultError `usage` for a provider without tenants, `config_invalid` for a tenant that cannot be one
 */
export function checkTenant(
  { name, title, client }: Pick<Provider, 'name' | 'title' | 'client'>,
  tenant: string,
  catalogue: ProviderCatalogue,
): Readonly<Record<string, string>> {
  if (client.tenant === undefined) throw new VaultError('usage', `${title} has no tenants`);
  const variable = { [client.tenant.variable]: tenant };
  catalogue.builtIn(name, variable);
  return variable;
}

/** @param values as they were and as they were given, by the place */
async function whatWasReplaced(
  ctx: SetupContext,
  { name }: SetupRequest,
  values: Readonly<Record<string, readonly [was: string | null, is: string | null]>>,
): Promise<Replaced | null> {
  const before = Object.entries(values).flatMap(([place, [was, is]]) =>
    was === null || is === null || was === is ? [] : [[place, was] as const],
  );
  if (before.length === 0) return null;
  const accounts = (await (await ctx.vault())?.accounts(name)) ?? [];
  return { before: Object.fromEntries(before), accounts: accounts.map(accountName) };
}

function withProvider(
  text: string | null,
  file: string,
  name: string,
  members: Readonly<Record<string, string | null>>,
): string {
  return changedConfigJson(text, file, (config) => {
    const providers = isObject(config['providers']) ? config['providers'] : {};
    const own = isObject(providers[name]) ? providers[name] : {};
    const changed = Object.entries({ ...own, ...members }).filter(([, value]) => value !== null);
    return { ...config, providers: { ...providers, [name]: Object.fromEntries(changed) } };
  });
}

/** @throws VaultError `usage` when a part is missing, or may not be there */
function complete(
  { provider, clientId: known, clientSecret: knownSecret }: ResolvedProvider,
  request: SetupRequest,
): { readonly clientId: string; readonly clientSecret: Secret | null } {
  const { client, title } = provider;
  const clientId = request.clientId ?? known;
  if (client.secret === 'forbidden' && request.clientSecret instanceof Secret)
    throw new VaultError(
      'usage',
      `${title} has no client secret here: its clientAuth is ${provider.clientAuth}`,
    );
  // The secret of another client would be refused by the provider.
  const kept = request.clientId === null || request.clientId === known ? knownSecret : null;
  const clientSecret = request.clientSecret === 'none' ? null : (request.clientSecret ?? kept);
  if (client.secret === 'required' && request.clientSecret === 'none')
    throw new VaultError('usage', `${title} needs a client secret`, { hint: secretNeeded(provider) });
  const lacksSecret = client.secret === 'required' && clientSecret === null;
  if (clientId !== null && !lacksSecret) return { clientId, clientSecret };
  throw missing(provider, request.clientId, { id: clientId === null, secret: lacksSecret });
}

/** Why a client has to have a secret, and what to type where it has none. */
export function secretNeeded({ name, title, client, clientAuth }: Provider): string {
  return client.authWithSecret === undefined
    ? `copy the client secret from ${client.registrationUrl}; ${title} gives one to each client`
    : `a secret is needed because providers.${name}.clientAuth is ${clientAuth}\nif the client has none: ${setProvider(name, 'clientAuth', 'none')}`;
}

/** Names all that is missing at once. @param given the client id that was named */
function missing(
  { name, title }: Provider,
  given: string | null,
  lacks: Readonly<Record<'id' | 'secret', boolean>>,
): VaultError {
  const parts = [
    ...(lacks.id ? [{ what: 'client id', option: '--client-id ID' }] : []),
    ...(lacks.secret ? [{ what: 'client secret', option: '--client-secret-file FILE' }] : []),
  ];
  const what = parts.map((part) => `the ${part.what}`).join(' and ');
  const [are, they] = parts.length > 1 ? ['are', 'they are'] : ['is', 'it is'];
  const id = given === null ? [] : [`--client-id ${quoted(given)}`];
  const line = ['setup', name, ...id, ...parts.map(({ option }) => option)].join(' ');
  return new VaultError('usage', `${what} of ${title} ${are} missing`, {
    hint: `${command(line)}\nor run this at a terminal, where ${they} asked for: ${command(`setup ${name}`)}`,
  });
}
