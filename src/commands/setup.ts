import type { KeyChoice } from '../access/key-sources-rest.js';
import { ISSUER_RULE, isIssuer, isProviderName } from '../config/config-file.js';
import { providerNames, type ResolvedProvider, redirectToRegister } from '../config/settings.js';
import type { Context } from '../context.js';
import { VaultError } from '../domain/errors.js';
import { command } from '../domain/hints.js';
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
import { askClient, askIssuer, askProvider, guide } from './setup-talk.js';
import type { Command } from './spec.js';
import { denied, firstName, given, oneOf, text } from './spec.js';
import { vaultOrAsk } from './vault-or-ask.js';

interface SetupInput {
  readonly provider: string | null;
  readonly issuer: string | null;
  readonly clientId: string | null;
  readonly secretFile: string | null;
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
    return {
      provider: firstName(raw, 'the name of the provider'),
      issuer: text(raw, '--issuer'),
      clientId: text(raw, '--client-id'),
      secretFile: text(raw, '--client-secret-file'),
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
    const { name, title } = result.resolved.provider;
    const next = { login: command(`login ${name}`), token: command(`token ${name}`) };
    if (io.json) {
      io.document({ ...documentOf(result), vault_created: made, next: next.login });
      return;
    }
    if (!asks || !input.offerLogin || !(await io.confirm(`Log in to ${title} now?`, 'yes'))) {
      io.say(`next: ${next.login}`);
      return;
    }
    await login.run(ctx, login.parse({ args: [name], options: { browser: input.openBrowser } }), io);
    io.say(`next: ${next.token}`);
  },
};

async function completed(ctx: Context, input: SetupInput, asks: boolean, io: Io): Promise<SetupRequest> {
  const name = input.provider ?? (asks ? await askProvider(ctx, io) : noProvider());
  const isKnown = providerNames(await ctx.readSettings()).includes(name);
  if (!isKnown && !isProviderName(name)) {
    throw new VaultError(
      'usage',
      'the name of a provider has lower-case letters and digits, with . _ - between them',
    );
  }
  if (input.issuer !== null && !isIssuer(input.issuer))
    throw new VaultError('usage', `--issuer ${ISSUER_RULE}`);
  const issuer = input.issuer ?? (isKnown || !asks ? null : await askIssuer(name, io));
  if (!isKnown && issuer === null) throw noIssuer(name);
  const planned = await plannedProvider(ctx, { name, issuer });
  if (issuer !== null && input.checksIssuer) await checkIssuer(ctx, issuer);
  const { secretFile } = input;
  const clientSecret = secretFile === null ? null : new Secret(await readSecretText(ctx, io, secretFile));
  const known = { clientId: input.clientId, clientSecret };
  if (!asks || !(await wantsClient(planned, known, io))) return { name, issuer, ...known };
  if (known.clientId === null) await guide(ctx, planned, input.openBrowser, io);
  return { name, issuer, ...(await askClient(planned, known, io)) };
}

/** Whether something has to be asked: what is set already stays, unless the user wants another client. */
async function wantsClient(
  { provider, problems }: ResolvedProvider,
  { clientId, clientSecret }: Pick<SetupRequest, 'clientId' | 'clientSecret'>,
  io: Io,
): Promise<boolean> {
  const { client, title } = provider;
  if (clientId !== null) return client.secret === 'required' && clientSecret === null;
  return problems.length > 0 || io.confirm(`${title} is set up already. Set up another client?`);
}

/** @returns whether the vault was made */
async function makeVault(ctx: Context, choice: KeyChoice | null, asks: boolean, io: Io): Promise<boolean> {
  if ((await ctx.vault()) !== null) {
    if (choice !== null) io.say('the vault exists already, so its key stays where it is');
    return false;
  }
  if (choice !== null) await ctx.access.create(await ctx.keys.chosen(choice));
  else if (asks) await vaultOrAsk(ctx, io);
  else return false;
  io.say(`made the vault; its key is in the ${(await ctx.keys.current()).place}`, 'green');
  return true;
}

function sayWritten({ written, resolved, configFile, envFile, overriddenBy }: SetupResult, io: Io): void {
  for (const file of [configFile, envFile]) {
    const names = written.filter((name) => name.startsWith('providers.') === (file === configFile));
    if (names.length > 0) io.say(`wrote ${names.join(' and ')} to ${file}`, 'green');
  }
  if (overriddenBy.length > 0)
    io.warn(
      `warning: another client id is set in ${overriddenBy.join(' or ')}, and is used instead`,
      'yellow',
    );
  const redirect = redirectToRegister(resolved);
  if (redirect !== null) io.say(`redirect URI: ${redirect}`);
}

function documentOf({ resolved, written, configFile, envFile }: SetupResult) {
  const { provider, problems } = resolved;
  return {
    provider: provider.name,
    configured: problems.length === 0,
    redirect_uri: redirectToRegister(resolved),
    written,
    config_file: configFile,
    env_file: envFile,
  };
}

function noProvider(): never {
  throw new VaultError('usage', 'name a provider, or run this at a terminal', {
    hint: `for example: ${command('setup google')}`,
  });
}

function noIssuer(name: string): VaultError {
  return new VaultError('usage', `there is no provider ${name} yet; name its issuer`, {
    hint: command(`setup ${name} --issuer URL --client-id ID`),
  });
}
