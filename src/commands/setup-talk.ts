import { copyingMistake, wrongClientId } from '../config/client.js';
import { ISSUER_RULE, isIssuer, isProviderName } from '../config/config-file.js';
import { type ResolvedProvider, redirectToRegister } from '../config/settings.js';
import type { Context } from '../context.js';
import { Secret } from '../domain/secret.js';
import { providerOverview } from '../services/overview/overview.js';
import type { Io } from '../ui/io.js';

/* What `vault setup` asks at a terminal. */

/** The name of a provider; it may be that of a new one. */
export async function askProvider(ctx: Pick<Context, 'readSettings'>, io: Io): Promise<string> {
  const views = await providerOverview({ settings: () => ctx.readSettings() }, null);
  const other = views.length + 1;
  for (const [index, { name, title, configured }] of views.entries())
    io.say(`${index + 1}  ${title} (${name})${configured ? ', set up already' : ''}`);
  io.say(`${other}  another server, with OpenID Connect`);
  for (;;) {
    const answer = await io.ask(`Which provider? [1-${other}]`);
    const view = views[Number(answer) - 1] ?? views.find(({ name }) => name === answer.toLowerCase());
    if (view !== undefined) return view.name;
    if (answer === String(other)) return askName(io);
  }
}

async function askName(io: Io): Promise<string> {
  for (;;) {
    const name = await io.ask('A short name for it, for example work:');
    if (isProviderName(name)) return name;
    io.say('use lower-case letters and digits, with . _ - between them', 'yellow');
  }
}

export async function askIssuer(name: string, io: Io): Promise<string> {
  io.say(
    `${name} is a server of your own. Its issuer is the base address of its logins, from its documentation.`,
  );
  for (;;) {
    const issuer = await io.ask('Issuer URL (https://…):');
    if (isIssuer(issuer)) return issuer;
    io.say(`the issuer ${ISSUER_RULE}`, 'yellow');
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
  const redirect = redirectToRegister(resolved);
  if (redirect !== null) {
    io.say('The redirect URI to register, if one is asked for:');
    io.say(`  ${redirect}`, 'bold');
  }
  if (openBrowser && (await io.confirm(`Open ${page} in the browser?`, 'yes'))) {
    const { browser } = await ctx.loginMachine();
    if (!(await browser.open(page))) io.say('No browser could be opened here; open that page on any device.');
  }
  for (const [index, step] of steps.entries()) {
    io.say(`${index + 1}. ${step}`);
    if (index === steps.length - 1) break;
    if ((await io.ask(`[Enter: step ${index + 2} of ${steps.length}, s: skip the steps]`)).startsWith('s'))
      break;
  }
}

export interface AskedClient {
  readonly clientId: string;
  readonly clientSecret: Secret | null;
}

/** Asks until both have the right form. @param given is not asked for */
export async function askClient(
  { provider }: ResolvedProvider,
  given: { readonly clientId: string | null; readonly clientSecret: Secret | null },
  io: Io,
): Promise<AskedClient> {
  const { client, title } = provider;
  const like = client.idPattern === null ? '' : ` (like ${client.idExample})`;
  for (;;) {
    const clientId = given.clientId ?? (await insist(() => io.ask(`Client ID${like}:`)));
    const malformed = wrongClientId(title, client, clientId);
    if (malformed !== null && given.clientId !== null) throw malformed;
    const clientSecret =
      given.clientSecret ?? (malformed === null ? await askClientSecret(client.secret, io) : null);
    const mistake = malformed?.message ?? copyingMistake(provider, clientId, clientSecret);
    if (mistake === null) return { clientId, clientSecret };
    io.say(`${mistake}; type it again, or press Ctrl-C`, 'yellow');
  }
}

async function askClientSecret(
  kind: ResolvedProvider['provider']['client']['secret'],
  io: Io,
): Promise<Secret | null> {
  if (kind === 'forbidden') return null;
  const ask = async () => (await io.askHidden(`Client secret (not shown${NOTES[kind]}):`)).reveal().trim();
  const secret = kind === 'required' ? await insist(ask) : await ask();
  return secret === '' ? null : new Secret(secret);
}

const NOTES = { required: '', optional: '; Enter if there is none' };

async function insist(ask: () => Promise<string>): Promise<string> {
  for (;;) {
    const answer = await ask();
    if (answer !== '') return answer;
  }
}
