import type { KeyChoice } from '../access/key-sources-rest.js';
import { ISSUER_RULE, isIssuer, isProviderName } from '../config/config-file.js';
import { providerNames, type ResolvedProvider, redirectToRegister } from '../config/settings.js';
import type { Context } from '../context.js';
import { closest } from '../domain/closest.js';
import { VaultError } from '../domain/errors.js';
import { command } from '../domain/hints.js';
import { quoted } from '../domain/safe-text.js';
import { Secret } from '../domain/secret.js';
import {
  checkIssuer,
  plannedProvider,
  type SetupRequest,
  type SetupResult,
  setUpProvider,
} from '../services/setup/setup.js';
import type { Io } from '../ui/io.js';
import { impliedKind, KEY_SOURCE_OPTIONS, readChoice } from './key-source.js';
import { login } from './login.js';
import { readSecretText } from './secret-file.js';
import { askClient, askIssuer, askProvider, type GivenClient, guide, sayRedirect } from './setup-talk.js';
import type { Command } from './spec.js';
import { denied, firstName, given, oneOf, text } from './spec.js';
import { lacksKeySource, vaultOrAsk } from './vault-or-ask.js';

interface SetupInput {
  readonly provider: string | null;
  readonly issuer: string | null;
  readonly clientId: string | null;
  readonly secretFile: string | null;
  /** The client has none: one that is set is removed. */
  readonly noSecret: boolean;
  readonly tenant: string | null;
  readonly choice: KeyChoice | null;
  /** The metadata of a server of the user's own is read before anything is written. */
  readonly checksIssuer: boolean;
  readonly openBrowser: boolean;
  readonly offerLogin: boolean;
}

/** Without a command line of their own, which `vault init` takes. */
const KINDS = ['keychain', 'file', 'credential', 'passphrase'] as const;

/** From nothing to the first login. Nothing is asked without a terminal, and with --json. */
export const setup: Command<SetupInput> = {
  arguments: [
    { name: 'provider', description: 'a provider, or a name for a server of your own', values: 'provider' },
  ],
  options: [
    { flags: '--issuer <url>', description: 'a server of your own: its issuer (OpenID Connect)' },
    { flags: '--client-id <id>', description: 'the client id; not asked for then' },
    {
      flags: '--client-secret-file <path>',
      description: 'a file with the client secret; - is stdin',
      values: 'file',
    },
    { flags: '--no-client-secret', description: 'the client has no secret: remove one that is set' },
    { flags: '--tenant <tenant>', description: 'microsoft: whose users may log in', defaultText: 'common' },
    { flags: '--key-source <kind>', description: 'where a new vault keeps its key', values: KINDS },
    ...KEY_SOURCE_OPTIONS,
    { flags: '--offline', description: 'do not check the issuer by reading its metadata' },
    { flags: '--no-browser', description: 'print addresses instead of opening them' },
    { flags: '--no-login', description: 'do not offer to log in' },
  ],
  examples: {
    setup: 'ask for everything',
    'setup google': 'register a client step by step, store it, and log in',
    'setup work --issuer https://id.example.com --client-id my-client': 'a server of your own',
    'setup notion --client-id ID --client-secret-file secret.txt': 'in a script nothing is asked',
  },

  parse(raw) {
    const kind = oneOf(raw, '--key-source', KINDS) ?? impliedKind(raw);
    const noSecret = denied(raw, '--no-client-secret');
    if (noSecret && text(raw, '--client-secret-file') !== null)
      throw new VaultError('usage', '--client-secret-file and --no-client-secret contradict each other');
    return {
      noSecret,
      provider: firstName(raw, 'the name of the provider'),
      issuer: text(raw, '--issuer'),
      clientId: text(raw, '--client-id'),
      secretFile: text(raw, '--client-secret-file'),
      tenant: text(raw, '--tenant'),
      choice: kind === null ? null : readChoice(raw, kind, []),
      checksIssuer: !given(raw, '--offline'),
      openBrowser: !denied(raw, '--no-browser'),
      offerLogin: !denied(raw, '--no-login'),
    };
  },

  async run(ctx, input, io) {
    const asks = io.interactive && !io.json;
    const request = await completed(ctx, input, asks, io);
    const result = await setUpProvider(ctx, request);
    if (!io.json) sayWritten(result, io);
    const made = await makeVault(ctx, input.choice, asks, io);
    const { name } = result.resolved.provider;
    const logIn = command(`login ${name}`);
    const makeFirst = (await needsKeySource(ctx)) ? command('init --key-source file') : null;
    if (io.json) {
      io.document({ ...documentOf(result), vault_created: made, next: makeFirst ?? logIn });
      return;
    }
    if (!asks || !input.offerLogin || !(await wantsLogin(ctx, result.resolved, io))) {
      if (makeFirst !== null) io.say(`next, as there is no keychain here: ${makeFirst}`);
      io.say(`${makeFirst === null ? 'next' : 'then'}: ${logIn}`);
      return;
    }
    await login.run(ctx, login.parse({ args: [name], options: { browser: input.openBrowser } }), io);
    io.say(`next: ${command(`token ${name}`)}`);
  },
};

async function completed(ctx: Context, input: SetupInput, asks: boolean, io: Io): Promise<SetupRequest> {
  const typed = input.provider ?? (asks ? await askProvider(ctx, io) : noProvider(input));
  const known = providerNames(await ctx.readSettings());
  const name = known.includes(typed) ? typed : newName(typed, known, input, io);
  const isKnown = known.includes(name);
  if (input.issuer !== null && !isIssuer(input.issuer))
    throw new VaultError('usage', `--issuer ${ISSUER_RULE}`);
  const check = input.checksIssuer ? (issuer: string) => checkIssuer(ctx, issuer) : null;
  const issuer = input.issuer ?? (isKnown || !asks ? null : await askIssuer(name, check, io));
  if (!isKnown && issuer === null) throw noIssuer(name);
  const planned = await plannedProvider(ctx, { name, issuer });
  if (input.issuer !== null) await check?.(input.issuer);
  const { secretFile, noSecret } = input;
  const secret = secretFile === null ? null : new Secret(await readSecretText(ctx, io, secretFile));
  const given = {
    clientId: input.clientId,
    clientSecret: noSecret ? ('none' as const) : secret,
    tenant: input.tenant,
  };
  if (!asks || !(await wantsClient(planned, given, io))) return { name, issuer, ...given };
  if (given.clientId === null) await guide(ctx, planned, input.openBrowser, io);
  return { name, issuer, ...(await askClient(planned, given, await ctx.readSettings(), io)) };
}

/** The name of a server of the user's own, which a mistyped name of another provider would be taken for. */
function newName(typed: string, known: readonly string[], { issuer }: SetupInput, io: Io): string {
  const same = known.find((name) => name === typed.toLowerCase());
  if (same !== undefined) return same;
  const meant = closest(typed, known);
  const guesses = typed.length < 3 ? [] : known.filter((name) => name.includes(typed.toLowerCase()));
  if (guesses.length === 0 && meant !== null) guesses.push(meant);
  if (guesses.length > 0 && issuer === null)
    throw new VaultError(
      'usage',
      `there is no provider ${typed} yet; did you mean ${guesses.join(' or ')}?`,
      {
        hint: [
          ...guesses.map((name) => command(`setup ${name}`)),
          `for a server of your own: ${command(`setup ${typed} --issuer URL`)}`,
        ].join('\n'),
      },
    );
  if (!isProviderName(typed))
    throw new VaultError(
      'usage',
      'the name of a provider has lower-case letters and digits, with . _ - between them',
    );
  if (meant !== null) io.say(`${typed} is a new provider; it is not ${meant}`);
  return typed;
}

/** Whether something has to be asked: what is set already stays, unless the user wants another client. */
async function wantsClient(
  { provider, clientId: before, problems }: ResolvedProvider,
  { clientId, clientSecret, tenant }: GivenClient,
  io: Io,
): Promise<boolean> {
  const { client, title } = provider;
  const replace = () => io.confirm(`Replace the client of ${title} (${before})?`);
  if (clientId === null)
    return clientSecret === null && tenant === null && (problems.length > 0 || replace());
  if (before !== null && clientId !== before && !(await replace()))
    throw new VaultError('interrupted', 'not confirmed, so nothing was changed');
  return client.secret === 'required' && clientSecret === null;
}

/** Where an account works, a login is not the usual next step. */
async function wantsLogin(ctx: Context, { provider }: ResolvedProvider, io: Io): Promise<boolean> {
  const accounts = (await (await ctx.vault())?.accounts(provider.name)) ?? [];
  const works = accounts.some(({ status }) => status !== 'login_needed' && status !== 'revoked');
  return io.confirm(`Log in to ${provider.title} now?`, works ? 'no' : 'yes');
}

/** Whether a login would fail for want of a place for the key. */
async function needsKeySource(ctx: Context): Promise<boolean> {
  return (await ctx.vault()) === null && (await lacksKeySource(ctx));
}

/** @returns whether the vault was made */
async function makeVault(ctx: Context, choice: KeyChoice | null, asks: boolean, io: Io): Promise<boolean> {
  if ((await ctx.vault()) !== null) {
    if (choice !== null) io.say('the vault exists already, so its key stays where it is');
    return false;
  }
  if (choice !== null) await ctx.access.create(await ctx.keys.chosen(choice));
  else if (asks) await vaultOrAsk(ctx, io, 'no vault was made; the client is stored');
  else return false;
  const { keys, place } = await ctx.keys.current();
  const where = keys === 'derived' ? 'comes from your passphrase' : `is in the ${place}`;
  io.say(`made the vault; its key ${where}`, 'green');
  return true;
}

function sayWritten(result: SetupResult, io: Io): void {
  const { written, removed, replaced, resolved, configFile, envFile, overriddenBy } = result;
  for (const file of [configFile, envFile]) {
    const isIn = (name: string) => name.startsWith('providers.') === (file === configFile);
    for (const [names, done] of [
      [written.filter(isIn), 'wrote ? to'],
      [removed.filter(isIn), 'removed ? from'],
    ] as const)
      if (names.length > 0) io.say(`${done.replace('?', () => names.join(' and '))} ${file}`, 'green');
  }
  for (const [place, was] of Object.entries(replaced?.before ?? {})) io.say(`changed ${place} (was ${was})`);
  const accounts = replaced?.accounts ?? [];
  if (accounts.length > 0) {
    io.warn('these accounts need a new login, because their refresh tokens belong to the old client:');
    for (const account of accounts) io.warn(`  ${command(`login ${quoted(account)}`)}`);
  }
  if (result.keptSecret)
    io.say(
      `the client secret from before is kept; if this client has none: ${command(`setup ${resolved.provider.name} --no-client-secret`)}`,
    );
  if (overriddenBy.length > 0)
    io.warn(`warning: another value is set in ${overriddenBy.join(' or ')}, and is used instead`, 'yellow');
  sayRedirect(resolved, true, io);
}

function documentOf({ resolved, written, removed, replaced, configFile, envFile }: SetupResult) {
  const { provider, problems } = resolved;
  return {
    provider: provider.name,
    configured: problems.length === 0,
    redirect_uri: redirectToRegister(resolved),
    written,
    removed,
    replaced: replaced?.before ?? {},
    need_login: replaced?.accounts ?? [],
    config_file: configFile,
    env_file: envFile,
  };
}

function noProvider({ issuer, clientId }: SetupInput): never {
  const given = [
    ...(issuer === null ? [] : ['--issuer', quoted(issuer)]),
    ...(clientId === null ? [] : ['--client-id', quoted(clientId)]),
  ];
  throw new VaultError('usage', 'name a provider, or run this at a terminal', {
    hint:
      issuer === null
        ? `for example: ${command(['setup google', ...given].join(' '))}`
        : `choose a name for this server, for example work: ${command(['setup work', ...given].join(' '))}`,
  });
}

function noIssuer(name: string): VaultError {
  return new VaultError('usage', `there is no provider ${name} yet; name its issuer`, {
    hint: `${command(`setup ${name} --issuer URL --client-id ID`)}\nto list the providers: ${command('providers')}`,
  });
}
