import type { AccountNames } from '../domain/account-names.js';
import { VaultError } from '../domain/errors.js';
import { quoted } from '../domain/safe-text.js';
import { isObject, parseConfigJson } from './config-json.js';

const NAME = /^[^\s/\p{C}]+\/[^\s/\p{C}]+$/u;

/**
 * Aliases and default accounts of `config.json`.
 *
 * @param text null when there is no such file
 * @throws VaultError `config_invalid`
 */
export function readAccountNames(text: string | null, file: string): AccountNames {
  return text === null ? { aliases: {}, defaults: [] } : accountNamesIn(parseConfigJson(text, file), file);
}

/** As {@link readAccountNames}, from the parsed file. */
export function accountNamesIn(config: Readonly<Record<string, unknown>>, file: string): AccountNames {
  const { aliases = {}, defaultAccounts = [] } = config;
  if (!isAliases(aliases))
    throw wrong(
      file,
      'aliases',
      'must be an object with two account names an entry',
      '{"google/me": "google/work"}',
    );
  if (!Array.isArray(defaultAccounts) || !defaultAccounts.every(isName))
    throw wrong(file, 'defaultAccounts', 'must be a list of account names', '["google/work"]');
  return { aliases, defaults: defaultAccounts };
}

function isAliases(value: unknown): value is AccountNames['aliases'] {
  return isObject(value) && Object.entries(value).every((entry) => entry.every(isName));
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && NAME.test(value);
}

function wrong(file: string, path: string, what: string, example: string): VaultError {
  return new VaultError('config_invalid', `${file}: ${path} ${what}`, {
    hint: `correct ${path} in ${quoted(file)}, for example: "${path}": ${example}`,
    details: { path },
  });
}

/** The members of `config.json` for these names; one that is empty is left out. */
export function namesInConfig({ aliases, defaults }: AccountNames): Readonly<Record<string, unknown>> {
  return {
    aliases: Object.keys(aliases).length === 0 ? undefined : aliases,
    defaultAccounts: defaults.length === 0 ? undefined : defaults,
  };
}
