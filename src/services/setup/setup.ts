import { resolve } from 'node:path';
import { copyingMistake, wrongClientId } from '../../config/client.js';
import { changedConfigJson, isObject } from '../../config/config-json.js';
import { withVariables } from '../../config/env-file.js';
import { type ResolvedProvider, resolveProvider } from '../../config/settings.js';
import type { Context } from '../../context.js';
import { reworded, VaultError } from '../../domain/errors.js';
import { command } from '../../domain/hints.js';
import type { Secret } from '../../domain/secret.js';
import { discover } from '../../oauth/discovery.js';
import { type ChangeContext, changeSettings } from '../config/change.js';

export type SetupContext = ChangeContext & Pick<Context, 'envFile' | 'readSettings'>;

/** The values to set; null keeps what is set already. */
export interface SetupRequest {
  readonly name: string;
  /** Of a server of the user's own. */
  readonly issuer: string | null;
  readonly clientId: string | null;
  readonly clientSecret: Secret | null;
}

export interface SetupResult {
  readonly resolved: ResolvedProvider;
  readonly configFile: string;
  readonly envFile: string;
  /** Variables of the `.env` and places in `config.json`. */
  readonly written: readonly string[];
  /** Variables whose value counts instead of the written client id. */
  readonly overriddenBy: readonly string[];
}

/**
 * The provider as it would be with this issuer. Nothing is written.
 *
 * @throws VaultError `usage` for the issuer of a built-in provider, `provider_unknown`, `config_invalid`
 */
export async function plannedProvider(
  ctx: Pick<SetupContext, 'paths' | 'readSettings' | 'readText'>,
  { name, issuer }: Pick<SetupRequest, 'name' | 'issuer'>,
): Promise<ResolvedProvider> {
  const { configFile } = ctx.paths;
  const text = ctx.readText(configFile);
  const sources = await ctx.readSettings(
    issuer === null ? text : withProvider(text, configFile, name, { issuer }),
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

  const { configFile } = ctx.paths;
  const envFile = ctx.envFile === null ? ctx.paths.envFile : resolve(ctx.envFile);
  const variables = {
    ...(builtIn && request.clientId !== null && { [client.idVariables[0] ?? '']: request.clientId }),
    ...(request.clientSecret !== null && {
      [client.secretVariables[0] ?? '']: request.clientSecret.reveal(),
    }),
  };
  const members = {
    ...(issuer !== null && { issuer }),
    ...(!builtIn && request.clientId !== null && { clientId: request.clientId }),
  };
  // First what a login cannot do without.
  if (Object.keys(members).length > 0)
    await changeSettings(ctx, configFile, 'config_file', (text) =>
      withProvider(text, configFile, name, members),
    );
  if (Object.keys(variables).length > 0)
    await changeSettings(ctx, envFile, 'env_file', (text) => withVariables(text, variables, envFile));
  const resolved = resolveProvider(name, await ctx.readSettings());
  return {
    resolved,
    configFile,
    envFile,
    written: [
      ...Object.keys(members).map((field) => `providers.${name}.${field}`),
      ...Object.keys(variables),
    ],
    overriddenBy: resolved.clientId === clientId ? [] : client.idVariables,
  };
}

function withProvider(
  text: string | null,
  file: string,
  name: string,
  members: Readonly<Record<string, string>>,
): string {
  return changedConfigJson(text, file, (config) => {
    const providers = isObject(config['providers']) ? config['providers'] : {};
    const own = isObject(providers[name]) ? providers[name] : {};
    return { ...config, providers: { ...providers, [name]: { ...own, ...members } } };
  });
}

/** @throws VaultError `usage` when a part is missing, or may not be there */
function complete(
  { provider, clientId: known, clientSecret: knownSecret }: ResolvedProvider,
  request: SetupRequest,
): { readonly clientId: string; readonly clientSecret: Secret | null } {
  const { client, title } = provider;
  const clientId = request.clientId ?? known;
  if (clientId === null)
    throw missing(`the client id of ${title} is missing`, '--client-id ID', provider.name);
  if (client.secret === 'forbidden' && request.clientSecret !== null)
    throw new VaultError(
      'usage',
      `${title} has no client secret here: its clientAuth is ${provider.clientAuth}`,
    );
  // The secret of another client would be refused by the provider.
  const kept = request.clientId === null || request.clientId === known ? knownSecret : null;
  const clientSecret = request.clientSecret ?? kept;
  if (client.secret === 'required' && clientSecret === null)
    throw missing(`the client secret of ${title} is missing`, '--client-secret-file FILE', provider.name);
  return { clientId, clientSecret };
}

function missing(message: string, option: string, name: string): VaultError {
  return new VaultError('usage', message, {
    hint: `add ${option}, or run this at a terminal, where it is asked for: ${command(`setup ${name}`)}`,
  });
}
