import type { Provider, ProviderCatalogue } from './contract.js';
import { fromConfig } from './custom.js';
import { google } from './google.js';
import { microsoft } from './microsoft.js';
import { notion } from './notion.js';
import { youtube } from './youtube.js';

/** In the order of `vault providers`. To add a provider: one file, its name here, its line below. */
const NAMES = ['google', 'microsoft', 'youtube', 'notion'] as const;

type Environment = Readonly<Record<string, string | undefined>>;

const BUILT_IN = {
  google: () => google,
  microsoft: (env) => microsoft(env['MICROSOFT_TENANT_ID']?.trim() || 'common'),
  youtube: () => youtube,
  notion: () => notion,
} satisfies Record<(typeof NAMES)[number], (env: Environment) => Provider>;

/**
 * @param env the environment, with the values of `.env` under it
 * @returns null when no provider of this name is built in
 * @throws VaultError `config_invalid` when a variable such as MICROSOFT_TENANT_ID is wrong
 */
export function builtInProvider(name: string, env: Environment): Provider | null {
  return isBuiltIn(name) ? BUILT_IN[name](env) : null;
}

function isBuiltIn(name: string): name is (typeof NAMES)[number] {
  return Object.hasOwn(BUILT_IN, name);
}

export const catalogue: ProviderCatalogue = { names: NAMES, builtIn: builtInProvider, fromConfig };
