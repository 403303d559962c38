import type { Context } from '../context.js';
import { accountName } from '../domain/account.js';
import { MINUTE } from '../domain/duration.js';
import { EXIT_CODES, VaultError } from '../domain/errors.js';
import { command, loginCommand, shellName, widenHint } from '../domain/hints.js';
import { snakeKeys } from '../domain/json.js';
import { checkLabel } from '../domain/label.js';
import { harmless, quoted } from '../domain/safe-text.js';
import { isReadable, readable } from '../domain/scopes.js';
import { ending, rfc3339 } from '../domain/time.js';
import { isBearer } from '../domain/token-state.js';
import { login as logIn, planLogin } from '../services/login/login.js';
import type { LoginEvent, LoginPlan, LoginRequest, LoginResult } from '../services/login/login-request.js';
import { isUrl, providerByUrl } from '../services/login/login-url.js';
import { scopesOfChallenge } from '../services/login/step-up.js';
import type { Io } from '../ui/io.js';
import { type Entry, renderBlock } from '../ui/layout.js';
import { loginTalk } from './login-talk.js';
import { readSecretText } from './secret-file.js';
import {
  type Command,
  denied,
  duration,
  given,
  names,
  type RawInput,
  scopes,
  text,
  wholeNumber,
} from './spec.js';
import { vaultOrAsk } from './vault-or-ask.js';

interface LoginInput {
  readonly request: LoginRequest;
  readonly dryRun: boolean;
}

/** The only command that opens a browser. */
export const login: Command<LoginInput> = {
  arguments: [
    {
      name: 'provider',
      description: 'a provider, the account to log in again, or a URL',
      required: true,
      values: 'provider or account',
    },
  ],
  options: [
    { flags: '--as <name>', description: 'name the account PROVIDER/NAME' },
    {
      flags: '--scope <scope>',
      description: 'request this scope instead of the default ones',
      repeatable: true,
    },
    {
      flags: '--add-scope <scope>',
      description: 'request this scope as well; - reads a WWW-Authenticate header that names it from stdin',
      repeatable: true,
    },
    {
      flags: '--login-hint <address>',
      description: 'ask the provider to suggest this user, and refuse any other',
    },
    { flags: '--no-browser', description: 'print the URL instead of opening it' },
    { flags: '--paste', description: 'do not listen; paste the URL of the last page' },
    { flags: '--device', description: 'log in on another device by typing a code there' },
    { flags: '--port <port>', description: 'listen on this loopback port' },
    { flags: '--timeout <duration>', description: 'how long to wait for the login', defaultText: '10m' },
    { flags: '--dry-run', description: 'show what would be requested; open and send nothing' },
  ],
  examples: {
    'login google': 'open the browser and log in',
    'login google --as work --scope openid --scope email': 'choose the name and the scopes',
    'login google/work': 'log in again to this account; another user is refused',
    'login google/work --add-scope https://mail.google.com/': 'request one more scope for it',
    'login microsoft --no-browser': 'over ssh: open the printed URL in any browser, paste the last URL here',
    'login microsoft --device': 'type a code on your phone',
    'login https://mcp.example.com/mcp': 'an MCP server, without any configuration',
  },

  parse(raw) {
    const name = text(raw, '--as');
    const addScopes = scopes(raw, '--add-scope');
    if (addScopes.length > 0 && scopes(raw).length > 0) {
      throw new VaultError(
        'usage',
        '--scope replaces the requested scopes and --add-scope adds to them: give only one of the two',
      );
    }
    const device = given(raw, '--device');
    if (device) refuseBesideDevice(raw);
    return {
      request: {
        name: names(raw, 'the name of the provider')[0] ?? '',
        as: name === null ? null : checkLabel(name),
        scopes: scopes(raw),
        addScopes,
        loginHint: text(raw, '--login-hint'),
        openBrowser: !denied(raw, '--no-browser'),
        pasteOnly: given(raw, '--paste'),
        device,
        port: wholeNumber(raw, '--port', 1, 65_535),
        timeout: duration(raw, '--timeout', 10 * MINUTE),
      },
      dryRun: given(raw, '--dry-run'),
    };
  },

  async run(ctx, { request: asked, dryRun }, io) {
    const { talk, end } = loginTalk(asked, io);
    const request = { ...asked, addScopes: await scopesToAdd(ctx, asked.addScopes, io) };
    const at = isUrl(request.name)
      ? await providerByUrl(ctx, request.name, dryRun ? null : talk)
      : { ctx, name: request.name };
    const named = { ...request, name: at.name };
    if (dryRun) {
      printPlan(await planLogin(at.ctx, named), io);
      return;
    }
    const asking = {
      ...at.ctx,
      vaultOrNew: () => vaultOrAsk(ctx, io, 'no vault was made, so the login was not begun'),
    };
    let last: LoginEvent['kind'] | null = null;
    const on: typeof talk.on = (event) => {
      last = event.kind;
      talk.on(event);
    };
    const result = await logIn(asking, named, { ...talk, on })
      .catch((failure: unknown) => {
        throw last === 'code_received' || last === 'account_held' ? failure : cancelled(failure, named, last);
      })
      .finally(end);
    printLogin(result, io);
  },
};

/** The scopes to add, with those of the challenge on stdin in the place of `-`. @throws VaultError `usage` */
async function scopesToAdd(
  ctx: Pick<Context, 'readNamed' | 'interruption'>,
  scopes: readonly string[],
  io: Io,
): Promise<readonly string[]> {
  if (!scopes.includes('-')) return scopes;
  if (io.interactive) io.say('paste the WWW-Authenticate header of the server, then press Ctrl-D:');
  const named = scopesOfChallenge(await readSecretText(ctx, io, '-'));
  return [...scopes.filter((scope) => scope !== '-'), ...named];
}

/** An interruption before there is anything to store. */
function cancelled(failure: unknown, { name }: LoginRequest, last: LoginEvent['kind'] | null): unknown {
  if (!(failure instanceof VaultError) || failure.code !== 'interrupted') return failure;
  // An address alone does not name the provider.
  const [provider = ''] = name.includes('@') && !name.includes('/') ? [] : name.split('/');
  const compare = command(`providers ${quoted(provider)}`.trim());
  return new VaultError('interrupted', 'the login was cancelled; nothing was stored', {
    cause: failure,
    // The user sees an error page of the provider; this program does not.
    ...(last !== null && {
      hint: `if the page showed an error, compare the client with what is registered: ${compare}`,
    }),
  });
}

export function printPlan(plan: LoginPlan, io: Io): void {
  if (io.json) io.document(snakeKeys(plan));
  else io.data(renderBlock(planEntries(plan), io.columns, io.theme));
}

export function printLogin(result: LoginResult, io: Io): void {
  if (io.json) io.document(loginDocument(result));
  else io.data(`${harmless(accountName(result.account))}\n`);
  printNotes(result, io);
  if (result.missingScopes.length > 0) io.exitCode = EXIT_CODES.scope_missing;
}

/** A device login opens no browser and does not listen. */
function refuseBesideDevice(raw: RawInput): void {
  const others = {
    '--port': text(raw, '--port') !== null,
    '--no-browser': denied(raw, '--no-browser'),
    '--paste': given(raw, '--paste'),
  };
  const [other] = Object.entries(others).flatMap(([option, there]) => (there ? [option] : []));
  if (other === undefined) return;
  throw new VaultError(
    'usage',
    `--device cannot be combined with ${other}: it uses no browser on this machine`,
    {
      hint: `leave out ${other} or --device`,
    },
  );
}

/** The keys are an API: new ones may be added, none removed. */
export function loginDocument(result: LoginResult) {
  const { account, identity, missingScopes, created, renamedFrom } = result;
  return {
    account: accountName(account),
    provider: account.provider,
    issuer: account.issuer,
    subject: identity.subject,
    status: account.status,
    scopes: account.grantedScopes,
    missing_scopes: missingScopes,
    withdrawn_scopes: result.withdrawnScopes,
    expires_at: rfc3339(account.expiresAt),
    has_refresh_token: account.hasRefreshToken,
    refresh_token_in_doubt: result.tokenMayBeSpent,
    created,
    renamed_from: renamedFrom,
  };
}

/** Warnings are printed with `--quiet` too. */
export function printNotes(result: LoginResult, io: Io): void {
  const { account, missingScopes, withdrawnScopes, renamedFrom } = result;
  io.say(greeting(result), 'green');
  if (renamedFrom !== null) io.say(`the name of the account was ${renamedFrom}`);
  if (!account.hasRefreshToken) {
    io.warn('warning: the provider issued no refresh token, so this account cannot be refreshed', 'yellow');
    io.warn(`  its access token ${ending(account.expiresAt, io.now())}; log in again then`);
  } else if (result.tokenMayBeSpent) {
    io.warn(
      'warning: the provider issued no new refresh token, and the stored one may no longer work',
      'yellow',
    );
    io.warn('  the answer to the last refresh was lost, so the next refresh may be refused');
    io.warn(`  hint: remove this program's access at the provider, then: ${loginCommand(account)}`);
  } else if (result.keptRefreshToken) {
    io.say('the provider issued no new refresh token; the stored one is kept');
  }
  if (!isBearer(account)) {
    const json = command(`token ${shellName(account)} --format json`);
    io.warn(
      `warning: the provider issued a token of type ${readable(account.tokenType)}, not Bearer`,
      'yellow',
    );
    io.warn(
      `  hint: ${command('token')} prints only Bearer tokens; for a program that supports this type: ${json}`,
    );
  }
  if (missingScopes.length > 0) {
    io.warn(`warning: not granted: ${readable(missingScopes.join(' '))}`, 'yellow');
  }
  const notRequested = withdrawnScopes.filter((scope) => !missingScopes.includes(scope));
  if (notRequested.length > 0) {
    const which = readable(notRequested.join(' '));
    io.warn(`warning: this login did not request what the account had before: ${which}`, 'yellow');
  }
  const lacking = [...missingScopes, ...notRequested];
  if (lacking.length > 0) {
    const hint = widenHint(account, lacking);
    io.warn(`  hint: ${lacking.every(isReadable) ? 'log in again and allow them: ' : ''}${hint}`);
  }
}

function greeting({ account, identity, created }: LoginResult): string {
  const who = identity.name ?? identity.email ?? identity.subject;
  const name = accountName(account);
  return created ? `logged in as ${who}: added ${name}` : `logged in as ${who}: updated ${name}`;
}

/** Where the user is sent; the grant where there is none. */
function userEntry(plan: LoginPlan): Entry {
  if (plan.grant !== null) return ['grant', plan.grant];
  return plan.device
    ? ['device authorization endpoint', plan.deviceAuthorizationEndpoint ?? DISCOVERED]
    : ['authorization endpoint', plan.authorizationEndpoint ?? DISCOVERED];
}

const DISCOVERED = 'discovered from the issuer at login';

export function planEntries(plan: LoginPlan): Entry[] {
  const parameters = Object.entries(plan.authorizeParams).map(([name, value]) => `${name}=${value}`);
  return [
    ['provider', `${plan.title} (${plan.provider})`],
    ...(plan.account === null ? [] : [['adds scopes to', plan.account] as const]),
    ['issuer', plan.issuer],
    userEntry(plan),
    ['token endpoint', plan.tokenEndpoint ?? DISCOVERED],
    ...(plan.resource === null ? [] : [['resource', plan.resource] as const]),
    ['client id', plan.clientId || 'registered at login'],
    ...(plan.redirectUri === null ? [] : [['redirect URI', plan.redirectUri] as const]),
    ['scopes', plan.scopes.length === 0 ? 'none' : plan.scopes],
    ...(plan.device || plan.grant !== null
      ? []
      : [['PKCE', plan.pkce ? 'S256' : 'not supported by the provider'] as const]),
    ...(parameters.length === 0 ? [] : [['also sent', parameters] as const]),
  ];
}
