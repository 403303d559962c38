import { copyingMistake, wrongClientId } from '../config/client.js';
import { ISSUER_RULE, isIssuer, isProviderName } from '../config/config-file.js';
import { type ResolvedProvider, redirectToRegister, type SettingsSources } from '../config/settings.js';
import type { Context } from '../context.js';
import { asVaultError } from '../domain/error-forms.js';
import { VaultError } from '../domain/errors.js';
import { setProvider } from '../domain/hints.js';
import { Secret } from '../domain/secret.js';
import { matching, type ProviderView, providerOverview } from '../services/overview/overview.js';
import { checkTenant, type SetupRequest, secretNeeded } from '../services/setup/setup.js';
import type { Io } from '../ui/io.js';

/* What `vault setup` asks at a terminal. */

const OTHER = 'other';

/** The name of a provider, found by a part of it; it may be that of a new one. */
export async function askProvider(ctx: Pick<Context, 'readSettings'>, io: Io): Promise<string> {
  const views = await providerOverview({ settings: () => ctx.readSettings() }, null);
  const show = (shown: readonly ProviderView[]) => {
    for (const { name, title, configured } of shown)
      io.say(`${name}  ${title}${configured ? ', set up already' : ''}`);
  };
  show(views.filter(({ configured }) => configured));
  io.say(`${views.length} providers are known, such as google, microsoft and github.`);
  for (;;) {
    const answer = (
      await io.ask(`Which provider? [a part of its name, Enter: list all, ${OTHER}: another server]`)
    ).toLowerCase();
    if (answer === OTHER) return askName(io);
    const exact = views.find(({ name, title }) => [name, title.toLowerCase()].includes(answer));
    const found = exact === undefined ? matching(views, answer) : [exact];
    const [first, ...more] = found;
    if (first !== undefined && more.length === 0) return first.name;
    if (first === undefined)
      io.say(`no known provider matches ${answer}; for a server of your own, type ${OTHER}`, 'yellow');
    show(found);
  }
}

async function askName(io: Io): Promise<string> {
  for (;;) {
    const name = await io.ask('A short name for it, for example work:');
    if (isProviderName(name)) return name;
    io.say('use lower-case letters and digits, with . _ - between them', 'yellow');
  }
}

/** @param check throws for an issuer that does not answer as one; null: it is not asked */
export async function askIssuer(
  name: string,
  check: ((issuer: string) => Promise<void>) | null,
  io: Io,
): Promise<string> {
  io.say(
    `${name} is a server of your own. Its issuer is the base address of its logins, from its documentation.`,
  );
  for (;;) {
    const issuer = await io.ask('Issuer URL (https://…):');
    const failure = isIssuer(issuer)
      ? await check?.(issuer).catch(asVaultError)
      : new VaultError('usage', `the issuer ${ISSUER_RULE}`);
    if (failure === undefined) return issuer;
    // Its hint is about the option of a script.
    if (failure.code === 'interrupted' || failure.code === 'terminated') throw failure;
    io.say(`${failure.message}; type it again, or press Ctrl-C`, 'yellow');
  }
}

/** Shows how to register a client, one step at a time. */
export async function guide(
  ctx: Pick<Context, 'loginMachine'>,
  resolved: ResolvedProvider,
  openBrowser: boolean,
  io: Io,
): Promise<void> {
  const { provider } = resolved;
  const { registrationUrl: page, registrationSteps: steps } = provider.client;
  io.say(
    `${provider.title} needs an OAuth client of your own, which you register once, in ${steps.length} steps.`,
  );
  sayRedirect(resolved, false, io);
  if (openBrowser && (await io.confirm(`Open ${page} in the browser?`, 'yes'))) {
    const { browser } = await ctx.loginMachine();
    if (!(await browser.open(page))) io.say('No browser could be opened here; open that page on any device.');
  }
  for (const [index, step] of steps.entries()) {
    io.say(`${index + 1}. ${step}`);
    if (index === steps.length - 1) break;
    if (await skips(`[Enter: step ${index + 2} of ${steps.length}, s: skip the steps]`, io)) break;
  }
}

/**
 * The redirect URI to register, where one is.
 *
 * @param isWritten whether the settings have the provider, so that a command can change it
 */
export function sayRedirect(resolved: ResolvedProvider, isWritten: boolean, io: Io): void {
  const { provider, builtIn, redirectUri: own } = resolved;
  const redirect = redirectToRegister(resolved);
  if (redirect === null || provider.client.anyLoopback === true) return;
  io.say(`redirect URI to register: ${redirect}`, 'bold');
  if (isWritten && !builtIn && own === null && provider.redirect.port === 0)
    io.say(`if it needs a port: ${setProvider(provider.name, 'redirectPort', '8400')}`);
}

async function skips(question: string, io: Io): Promise<boolean> {
  for (;;) {
    const answer = (await io.ask(question)).toLowerCase();
    if (answer === '') return false;
    if (answer === 's' || answer === 'skip') return true;
    io.say('press Enter, or type s; the client id is asked for after the steps', 'yellow');
  }
}

/** What was named on the command line, and is not asked for. */
export type GivenClient = Pick<SetupRequest, 'clientId' | 'clientSecret' | 'tenant'>;

/** Asks until everything has the right form. */
export async function askClient(
  { provider }: ResolvedProvider,
  given: GivenClient,
  sources: SettingsSources,
  io: Io,
): Promise<GivenClient> {
  const { client, title } = provider;
  const tenant = given.tenant ?? (await askTenant(provider, sources, io));
  const like = client.idPattern === null ? '' : ` (like ${client.idExample})`;
  for (;;) {
    const clientId = given.clientId ?? (await insist(() => io.ask(`Client ID${like}:`), NEEDED, io));
    const malformed = wrongClientId(title, client, clientId);
    if (malformed !== null && given.clientId !== null) throw malformed;
    const clientSecret =
      given.clientSecret ?? (malformed === null ? await askClientSecret(provider, io) : null);
    const secret = clientSecret === 'none' ? null : clientSecret;
    const mistake = malformed?.message ?? copyingMistake(provider, clientId, secret);
    if (mistake === null) return { clientId, clientSecret, tenant };
    io.say(`${mistake}; type it again, or press Ctrl-C`, 'yellow');
  }
}

/** @returns null where the provider has none, or the answer is what counts already */
async function askTenant(
  provider: ResolvedProvider['provider'],
  { env, envFile, catalogue }: SettingsSources,
  io: Io,
): Promise<string | null> {
  const { tenant } = provider.client;
  if (tenant === undefined) return null;
  const usual = env[tenant.variable] || envFile[tenant.variable] || tenant.usual;
  for (;;) {
    const answer = await io.ask(`Tenant, ${tenant.what} [${usual}]:`);
    if (answer === '' || answer === usual) return null;
    try {
      checkTenant(provider, answer, catalogue);
      return answer;
    } catch (failure) {
      io.say(`${answer} is no tenant; type ${tenant.what}, or press Ctrl-C`, 'yellow');
      if (!(failure instanceof VaultError)) throw failure;
    }
  }
}

async function askClientSecret(
  provider: ResolvedProvider['provider'],
  io: Io,
): Promise<SetupRequest['clientSecret']> {
  const kind = provider.client.secret;
  if (kind === 'forbidden') return null;
  const ask = async () => (await io.askHidden(`Client secret (not shown${NOTES[kind]}):`)).reveal().trim();
  const secret = kind === 'required' ? await insist(ask, secretNeeded(provider), io) : await ask();
  return secret === '' ? 'none' : new Secret(secret);
}

const NOTES = { required: '', optional: '; Enter if there is none' };

const NEEDED = 'the client id is needed: copy it from where the client is registered, or press Ctrl-C';

/** @param why said for an empty answer */
async function insist(ask: () => Promise<string>, why: string, io: Io): Promise<string> {
  for (;;) {
    const answer = await ask();
    if (answer !== '') return answer;
    for (const line of why.split('\n')) io.say(line, 'yellow');
  }
}
