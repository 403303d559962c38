import { parseConfigFile } from '../../config/config-file.js';
import { changedConfigJson, isObject, parseConfigJson } from '../../config/config-json.js';
import {
  CLIENT_SECRET,
  type ConfigPath,
  holdsSecret,
  valueAt,
  withoutSecrets,
  withoutValueAt,
  withValueAt,
} from '../../config/config-path.js';
import { resolveProvider } from '../../config/settings.js';
import type { Context } from '../../context.js';
import { asVaultError, reworded } from '../../domain/error-forms.js';
import { VaultError } from '../../domain/errors.js';
import { command } from '../../domain/hints.js';
import { type ChangeContext, changeSettings } from './change.js';

/**
 * What `config.json` sets, without client secrets.
 *
 * @param path null: all of it
 * @throws VaultError `usage` where nothing is set there; `config_invalid` when the file is invalid
 */
export function configValue(ctx: Pick<Context, 'paths' | 'readText'>, path: ConfigPath | null): unknown {
  const { configFile } = ctx.paths;
  const text = ctx.readText(configFile);
  parseConfigFile(text, configFile);
  const config = text === null ? {} : parseConfigJson(text, configFile);
  if (path === null) return withoutSecrets(config);
  const value = valueAt(config, path, configFile);
  return path.at(-1) === CLIENT_SECRET ? '[redacted]' : withoutSecrets(value);
}

/** A value for {@link setConfigValue}, and whether it was on the command line, where other users can read it. */
export interface GivenValue {
  /** Several are a list. */
  readonly words: readonly string[];
  readonly typed: boolean;
}

/**
 * Sets one value of `config.json`, of the type that the setting has. The file is checked as it is when it is read.
 *
 * @returns the value, without client secrets
 * @throws VaultError `usage` for the key source and for a secret that was typed; `config_invalid` when the value, or the
 *   provider it belongs to, would not be valid
 */
export async function setConfigValue(
  ctx: ChangeContext & Pick<Context, 'readSettings'>,
  path: ConfigPath,
  given: GivenValue,
): Promise<unknown> {
  const { configFile } = ctx.paths;
  refuseKeySource(path);
  const values = valuesOf(given.words);
  if (given.typed && (path.at(-1) === CLIENT_SECRET || values.some(holdsSecret))) throw typedSecret();
  let set: unknown;
  await changeSettings(ctx, configFile, 'config_file', async (before) => {
    parseConfigFile(before, configFile);
    const { value, text } = firstValid(before, path, values, configFile);
    await requireWholeProvider(ctx, path, text);
    set = value;
    return text;
  });
  return path.at(-1) === CLIENT_SECRET ? '[redacted]' : withoutSecrets(set);
}

/**
 * Removes one value of `config.json`, or all of a provider.
 *
 * @throws VaultError `usage` where nothing is set there, and for the key source; `config_invalid` when the provider it belongs to
 * would not be valid
 */
export async function unsetConfigValue(
  ctx: ChangeContext & Pick<Context, 'readSettings'>,
  path: ConfigPath,
): Promise<void> {
  const { configFile } = ctx.paths;
  refuseKeySource(path);
  await changeSettings(ctx, configFile, 'config_file', async (before) => {
    parseConfigFile(before, configFile);
    valueAt(before === null ? {} : parseConfigJson(before, configFile), path, configFile);
    const text = changedConfigJson(before, configFile, (config) => withoutValueAt(config, path));
    if (path.length > 2) await requireWholeProvider(ctx, path, text);
    return text;
  });
}

/** What the words may mean, the most likely first: only the setting knows its type. */
function valuesOf(words: readonly string[]): readonly unknown[] {
  const [word = '', ...more] = words;
  if (more.length > 0) return [words];
  const json = jsonOf(word);
  if (json === undefined || typeof json === 'string') return [word, [word]];
  return isObject(json) || Array.isArray(json) ? [json, word, [word]] : [word, json, [word]];
}

function jsonOf(word: string): unknown {
  try {
    return JSON.parse(word);
  } catch {
    return undefined;
  }
}

interface Valid {
  readonly value: unknown;
  readonly text: string;
}

/** @throws VaultError the most telling refusal, when none is valid */
function firstValid(
  before: string | null,
  path: ConfigPath,
  values: readonly unknown[],
  file: string,
): Valid {
  const refusals: VaultError[] = [];
  for (const value of values) {
    const text = changedConfigJson(before, file, (config) => withValueAt(config, path, value));
    try {
      parseConfigFile(text, file);
      return { value, text };
    } catch (failure) {
      refusals.push(asVaultError(failure));
    }
  }
  // A value of the right type is refused for another reason than its type.
  const refusal = refusals.find(({ details }) => details['wrong'] !== 'type') ?? refusals[0];
  throw unchanged(refusal ?? new VaultError('usage', 'the value is missing'));
}

async function requireWholeProvider(
  ctx: Pick<Context, 'readSettings'>,
  [first, name]: ConfigPath,
  text: string,
): Promise<void> {
  if (first !== 'providers' || name === undefined) return;
  const sources = await ctx.readSettings(text);
  try {
    resolveProvider(name, sources);
  } catch (failure) {
    throw unchanged(asVaultError(failure));
  }
}

function unchanged(failure: VaultError): VaultError {
  return reworded(failure, {
    hint: `nothing was changed; to edit the whole file: ${command('config edit')}`,
  });
}

/** Only `vault key use` proves that a key opens the vault before it is relied on. */
function refuseKeySource([first]: ConfigPath): void {
  if (first !== 'keySource') return;
  throw new VaultError('usage', 'the key source is not set by hand: its key has to open the vault', {
    hint: `for a vault that exists: ${command('key use KIND')}\nfor a new one: ${command('init --key-source KIND')}`,
  });
}

function typedSecret(): VaultError {
  return new VaultError(
    'usage',
    'a client secret is not taken from the command line, where others can read it',
    {
      hint: 'write it to a file, or to stdin, and add: --from-file FILE (- is stdin)',
    },
  );
}
