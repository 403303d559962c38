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
  { title: 'READY', paint: (cell, theme) => (cell === 'yes' ? theme.green(cell) : theme.yellow(cell)) },
  { title: 'MISSING', shrink: true },
];

const SECRET_WORDS: Record<ProviderView['secret'], string> = {
  required: 'required',
  optional: 'if the provider issued one',
  forbidden: 'must not be set',
};

export const providers: Command<{ readonly name: string | null }> = {
  arguments: [
    { name: 'name', description: 'show this provider, with the steps to set it up', values: 'provider' },
  ],
  options: [],
  examples: {
    providers: 'all providers, and which are ready',
    'providers google': 'how to register a client, step by step',
  },

  parse(raw) {
    return { name: firstName(raw, 'the name of the provider') };
  },

  async run(ctx, { name }, io) {
    printProviders(await providerOverview(ctx, name), name, io);
  },
};

export function printProviders(views: readonly ProviderView[], name: string | null, io: Io): void {
  if (io.json) {
    io.document({ providers: views.map(snakeKeys) });
  } else if (name === null) {
    printTable(io, COLUMNS, views.map(row));
    io.say(`steps to set one up: ${command('providers NAME')}`, 'dim');
  } else {
    for (const view of views) io.data(renderBlock(entries(view), io.columns, io.theme));
  }
}

function row(view: ProviderView): readonly string[] {
  return [view.name, view.title, view.configured ? 'yes' : 'no', view.missing.join('; ')];
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
    ['issuer', view.issuer],
    ...(view.grant === null ? [['PKCE', view.pkce ? 'yes' : 'no'] as const] : []),
    ['revocation', view.revocation ? 'supported' : "only on the provider's own page"],
    ...(view.manageUrl === null ? [] : [['manage at', view.manageUrl] as const]),
    ...(view.notes.length === 0 ? [] : [['notes', view.notes] as const]),
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

function numbered(steps: readonly string[]): readonly string[] {
  return steps.map((step, index) => `${index + 1}. ${step}`);
}
