import { VaultError } from '../domain/errors.js';
import { asana } from './asana.js';
import { atlassian } from './atlassian.js';
import { bitbucket } from './bitbucket.js';
import { box } from './box.js';
import type { Provider } from './contract.js';
import { fromConfig } from './custom.js';
import { defineProvider } from './define.js';
import { discord } from './discord.js';
import { dropbox } from './dropbox.js';
import { fastmail } from './fastmail.js';
import { figma } from './figma.js';
import { github } from './github.js';
import { gitlab } from './gitlab.js';
import { google } from './google.js';
import { hubspot } from './hubspot.js';
import { linear } from './linear.js';
import { linkedin } from './linkedin.js';
import { microsoft } from './microsoft.js';
import { notion } from './notion.js';
import { reddit } from './reddit.js';
import { salesforce } from './salesforce.js';
import type { ProviderCatalogue, ProviderEntry } from './settings.js';
import { slack } from './slack.js';
import { spotify } from './spotify.js';
import { strava } from './strava.js';
import { todoist } from './todoist.js';
import { twitch } from './twitch.js';
import { x } from './x.js';
import { yahoo } from './yahoo.js';
import { youtube } from './youtube.js';
import { zoho } from './zoho.js';
import { zoom } from './zoom.js';

type Environment = Readonly<Record<string, string | undefined>>;

const WHOLE = {
  google: () => google,
  microsoft: (env) => microsoft(env['MICROSOFT_TENANT_ID']?.trim() || 'common'),
  youtube: () => youtube,
  notion: () => notion,
} satisfies Record<string, (env: Environment) => Provider>;

/** To add a provider: one file, and its name here. */
const ENTRIES = {
  asana,
  atlassian,
  bitbucket,
  box,
  discord,
  dropbox,
  fastmail,
  figma,
  github,
  gitlab,
  hubspot,
  linear,
  linkedin,
  reddit,
  salesforce,
  slack,
  spotify,
  strava,
  todoist,
  twitch,
  x,
  yahoo,
  zoho,
  zoom,
} satisfies Record<string, ProviderEntry>;

/** In the order of `vault providers`. */
const NAMES = [...Object.keys(WHOLE), ...Object.keys(ENTRIES)];

/** See {@link ProviderCatalogue.builtIn}. */
export function builtInProvider(
  name: string,
  env: Environment,
  baseUrl: string | null = null,
): Provider | null {
  const entry = own<ProviderEntry>(ENTRIES, name);
  if (baseUrl !== null && entry?.base === undefined)
    throw new VaultError('config_invalid', `${name} has no baseUrl that could be set in config.json`, {
      hint: 'set issuer instead, or authorizationEndpoint and tokenEndpoint',
    });
  if (entry !== null) return defineProvider(name, entry, env, baseUrl);
  return own<(env: Environment) => Provider>(WHOLE, name)?.(env) ?? null;
}

function own<T>(holder: Readonly<Record<string, T>>, name: string): T | null {
  return Object.hasOwn(holder, name) ? (holder[name] ?? null) : null;
}

export const catalogue: ProviderCatalogue = { names: NAMES, builtIn: builtInProvider, fromConfig };
