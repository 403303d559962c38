import { command } from '../domain/hints.js';
import { snakeKeys } from '../domain/json.js';
import { type ProviderView, providerOverview } from '../services/overview/overview.js';
import type { Column, Io } from '../ui/io.js';
import { type Entry, printTable, renderBlock } from '../ui/layout.js';
import type { Command } from './spec.js';
import { firstName } from './spec.js';

const COLUMNS: readonly Column[] = [
  { title: 'PROVIDER' },
  { title: 'TITLE', shrink: true },
  { title: 'READY', paint: (cell, theme) => (cell === 'yes' ? theme.green(cell) : theme.dim(cell)) },
  { title: 'FOR', shrink: true },
];

const SECRET_WORDS: Record<ProviderView['secret'], string> = {
  required: 'required',
  optional: 'if the provider issued one',
  forbidden: 'must not be set',
};

export const providers: Command<{ readonly name: string | null }> = {
  arguments: [
    {
      name: 'name',
      description: 'show this provider, with the steps to set it up; or a word to search for',
      values: 'provider',
    },
  ],
  options: [],
  examples: {
    providers: 'all providers, those that are ready first',
    'providers mail': 'those for mail',
    'providers google': 'how to register a client, step by step',
  },

  parse(raw) {
    return { name: firstName(raw, 'the name of the provider, or a word to search for') };
  },

  async run(ctx, { name }, io) {
    printProviders(await providerOverview(ctx, name), name, io);
  },
};

export function printProviders(views: readonly ProviderView[], name: string | null, io: Io): void {
  if (io.json) {
    io.document({ providers: views.map(snakeKeys) });
  } else if (views.length === 1 && views[0]?.name === name) {
    for (const view of views) io.data(renderBlock(entries(view), io.columns, io.theme));
  } else {
    const ready = (view: ProviderView) => (view.configured ? 0 : 1);
    printTable(io, COLUMNS, views.toSorted((a, b) => ready(a) - ready(b)).map(row));
    io.say(`steps to set one up: ${command('providers NAME')}`, 'dim');
  }
}

function row({ name, title, configured, builtIn, topics }: ProviderView): readonly string[] {
  return [name, title, configured ? 'yes' : 'no', builtIn ? topics.join(', ') : 'from config.json'];
}

function entries(view: ProviderView): Entry[] {
  const state = view.configured ? `yes: ${command(`login ${view.name}`)}` : ['no', ...view.missing];
  return [
    ['provider', `${view.title} (${view.name}${view.builtIn ? '' : ', from config.json'})`],
    ['ready', state],
    ['register at', view.registrationUrl || "the provider's developer site"],
    ...(view.registrationSteps.length === 0 ? [] : [['steps', numbered(view.registrationSteps)] as const]),
    ...(view.grant === null ? [] : [['grant', view.grant] as const]),
    ...(view.redirectUri === null || view.anyRedirect ? [] : [['redirect URI', view.redirectUri] as const]),
    ['client id', clientId(view)],
    ['client secret', clientSecret(view)],
    ['scopes', view.scopes.length === 0 ? 'none' : view.scopes],
    ...lifetimes(view),
    ['issuer', view.issuer],
    ...(view.grant === null ? [['PKCE', view.pkce ? 'yes' : 'no'] as const] : []),
    ['revocation', view.revocation ? 'supported' : "only on the provider's own page"],
    ...(view.manageUrl === null ? [] : [['manage at', view.manageUrl] as const]),
    ...(view.notes.length === 0 ? [] : [['notes', view.notes] as const]),
    ...(view.source === null ? [] : [['source', sourceOf(view)] as const]),
  ];
}

const PLACES = {
  environment: 'environment',
  env_file: '.env',
  config_file: 'config.json',
} as const;

function clientId({ clientId: id, clientIdFrom, idVariables }: ProviderView): string {
  const variables = idVariables.join(' or ') || 'clientId in config.json';
  if (id === null || clientIdFrom === null) return `not set (${variables})`;
  const overrides = clientIdFrom === 'config_file' && idVariables.length > 0;
  return `${id} (${PLACES[clientIdFrom]}${overrides ? `; ${variables} overrides it` : ''})`;
}

function clientSecret({ secret, hasClientSecret, secretVariables }: ProviderView): string {
  if (secret === 'forbidden') return SECRET_WORDS.forbidden;
  const variables = secretVariables.join(' or ') || 'clientSecret in config.json';
  return `${hasClientSecret ? 'set' : 'not set'} (${variables}; ${SECRET_WORDS[secret]})`;
}

function lifetimes({ accessTokenLife, refreshTokenLife, rotates }: ProviderView): Entry[] {
  if (accessTokenLife === null || refreshTokenLife === null) return [];
  return [
    ['access token', accessTokenLife],
    ['refresh token', `${refreshTokenLife}${rotates === 'yes' ? '; each refresh replaces it' : ''}`],
  ];
}

function sourceOf({ source, sourceRead, triedLive }: ProviderView): readonly string[] {
  const tried = triedLive === true ? [] : ['from documentation, not tried live'];
  return [`${source}, read ${sourceRead}`, ...tried];
}

function numbered(steps: readonly string[]): readonly string[] {
  return steps.map((step, index) => `${index + 1}. ${step}`);
}
