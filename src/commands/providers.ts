import { VaultError } from '../domain/errors.js';
import { command } from '../domain/hints.js';
import { snakeKeys } from '../domain/json.js';
import type { RegisteredClient } from '../domain/registered-client.js';
import { rfc3339 } from '../domain/time.js';
import {
  type ForgottenClient,
  forgetClient,
  listRegisteredClients,
} from '../services/login/forget-client.js';
import { type ProviderView, providerOverview } from '../services/overview/overview.js';
import type { Column, Io } from '../ui/io.js';
import { type Entry, printTable, renderBlock } from '../ui/layout.js';
import { type Command, firstName, given } from './spec.js';

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

interface ProvidersInput {
  readonly name: string | null;
  readonly forget: boolean;
}

export const providers: Command<ProvidersInput> = {
  arguments: [
    {
      name: 'name',
      description: 'show this provider, with the steps to set it up; or a word to search for',
      values: 'provider',
    },
  ],
  options: [
    {
      flags: '--forget',
      description: 'delete the client that was registered for NAME, and its entry in config.json',
    },
  ],
  examples: {
    providers: 'all providers, those that are ready first',
    'providers mail': 'those for mail',
    'providers google': 'how to register a client, step by step',
    'providers --forget mcp.example.com': 'undo a login by URL, after its accounts were revoked',
  },

  parse(raw) {
    const name = firstName(raw, 'the name of the provider, or a word to search for');
    const forget = given(raw, '--forget');
    if (!forget || name !== null) return { name, forget };
    throw new VaultError('usage', '--forget needs the name of a provider', { hint: command('providers') });
  },

  async run(ctx, { name, forget }, io) {
    if (forget && name !== null) return printForgotten(await forgetClient(ctx, name), io);
    const clients = await listRegisteredClients(ctx);
    printProviders(await providerOverview(ctx, name), name, io, clients);
  },
};

export function printProviders(
  views: readonly ProviderView[],
  name: string | null,
  io: Io,
  clients: readonly RegisteredClient[] = [],
): void {
  const registered = (view: ProviderView) =>
    view.registers ? (clients.find(({ issuer }) => issuer === view.issuer) ?? null) : null;
  if (io.json) {
    const document = (view: ProviderView) => ({
      ...snakeKeys(view),
      registration: registrationDocument(registered(view)),
    });
    io.document({ providers: views.map(document) });
  } else if (views.length === 1 && views[0]?.name === name) {
    for (const view of views) io.data(renderBlock(entries(view, registered(view)), io.columns, io.theme));
  } else {
    const ready = (view: ProviderView) => (view.configured ? 0 : 1);
    printTable(io, COLUMNS, views.toSorted((a, b) => ready(a) - ready(b)).map(row));
    io.say(
      `to set one up: ${command('setup NAME')}; its steps and notes: ${command('providers NAME')}`,
      'dim',
    );
  }
}

function row({ name, title, configured, builtIn, topics }: ProviderView): readonly string[] {
  return [name, title, configured ? 'yes' : 'no', builtIn ? topics.join(', ') : 'from config.json'];
}

function registrationDocument(client: RegisteredClient | null) {
  if (client === null) return null;
  return {
    client_id: client.clientId,
    redirect_uri: client.redirectUri,
    registered_at: rfc3339(client.createdAt),
    secret_expires_at: rfc3339(client.secretExpiresAt),
    refused_at: rfc3339(client.refusedAt),
  };
}

function printForgotten({ providers: names, clientId, deleted }: ForgottenClient, io: Io): void {
  if (io.json) {
    io.document({ forgotten: names, client_id: clientId, deleted });
    return;
  }
  const at = {
    true: ', at the server too',
    false: '; the server did not delete it, where it is of no use without its secrets',
    null: '; it stays registered at the server, where it is of no use without its secrets',
  }[`${deleted}`];
  io.say(clientId === null ? 'no client was registered yet' : `deleted the registered client${at}`);
  for (const name of names) io.say(`removed the provider ${name} from config.json`);
}

/** Of a provider where this program registers its client itself. */
function registrationEntries(client: RegisteredClient | null): Entry[] {
  if (client === null) return [['client id', 'registered by vault at the first login']];
  const { clientId, createdAt, secretExpiresAt, refusedAt } = client;
  return [
    ['client id', `${clientId} (registered by vault, ${rfc3339(createdAt)})`],
    ['redirect URI', client.redirectUri],
    ...(secretExpiresAt === null ? [] : [['its secret ends', rfc3339(secretExpiresAt) ?? ''] as const]),
    ...(refusedAt === null
      ? []
      : [['refused by the server', `${rfc3339(refusedAt)}; the next login registers another one`] as const]),
  ];
}

function entries(view: ProviderView, registered: RegisteredClient | null): Entry[] {
  const state = view.configured
    ? `yes: ${command(`login ${view.name}`)}`
    : [`no: ${command(`setup ${view.name}`)}`, ...view.missing];
  return [
    ['provider', `${view.title} (${view.name}${view.builtIn ? '' : ', from config.json'})`],
    ['ready', state],
    ...(view.registers ? [] : registerEntries(view)),
    ...(view.grant === null ? [] : [['grant', view.grant] as const]),
    ...(view.resource === null ? [] : [['resource', view.resource] as const]),
    ...(view.registers ? registrationEntries(registered) : clientEntries(view)),
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

function registerEntries(view: ProviderView): Entry[] {
  return [
    ['register at', view.registrationUrl || "the provider's developer site"],
    ...(view.registrationSteps.length === 0 ? [] : [['steps', numbered(view.registrationSteps)] as const]),
  ];
}

function clientEntries(view: ProviderView): Entry[] {
  return [
    ...(view.redirectUri === null || view.anyRedirect ? [] : [['redirect URI', view.redirectUri] as const]),
    ['client id', clientId(view)],
    ['client secret', clientSecret(view)],
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
  return [`${source}`, `read ${sourceRead}`, ...tried];
}

function numbered(steps: readonly string[]): readonly string[] {
  return steps.map((step, index) => `${index + 1}. ${step}`);
}
