import { accountName, checkLabel } from '../domain/account.js';
import { MINUTE } from '../domain/duration.js';
import { ERROR_CODES, VaultError } from '../domain/errors.js';
import { loginCommand, widenHint } from '../domain/hints.js';
import { harmless } from '../domain/safe-text.js';
import { isReadable, readable } from '../domain/scopes.js';
import { ending, rfc3339 } from '../domain/time.js';
import type { LoginPlan, LoginRequest, LoginResult } from '../services/contract.js';
import type { Io } from '../ui/io.js';
import { type Entry, renderBlock } from '../ui/layout.js';
import { converse } from './login-talk.js';
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

interface LoginInput {
  readonly request: LoginRequest;
  readonly dryRun: boolean;
}

/** The only command that opens a browser. */
export const login: Command<LoginInput> = {
  name: 'login',
  summary: 'log in at a provider in the browser',
  arguments: [{ name: 'provider', description: 'see vault providers', required: true }],
  options: [
    { flags: '--as <name>', description: 'call the account provider/NAME' },
    {
      flags: '--scope <scope>',
      description: 'ask for this scope instead of the usual ones',
      repeatable: true,
    },
    {
      flags: '--add-scope <scope>',
      description: 'ask for this scope on top of what an account has asked for before',
      repeatable: true,
    },
    { flags: '--login-hint <address>', description: 'whom the provider should suggest' },
    { flags: '--no-browser', description: 'print the address to open instead of opening it' },
    { flags: '--paste', description: 'do not listen; paste the address the browser ends up at' },
    { flags: '--device', description: 'log in on any other device, by typing a code there' },
    { flags: '--port <port>', description: 'listen on this port of the loopback interface' },
    { flags: '--timeout <duration>', description: 'how long to wait for the person', defaultText: '10m' },
    { flags: '--dry-run', description: 'show what would be asked for; open and send nothing' },
  ],
  examples: [
    { line: 'vault login google', says: 'open the browser and log in' },
    { line: 'vault login google --as work --scope openid --scope email', says: 'under a name of your own' },
    {
      line: 'vault login google --as work --add-scope https://mail.google.com/',
      says: 'ask for more, and keep what google/work has',
    },
    {
      line: 'vault login microsoft --no-browser',
      says: 'over ssh: open the address anywhere, paste it back',
    },
    { line: 'vault login microsoft --device', says: 'from anywhere: type a code on your phone' },
  ],

  parse(raw) {
    const name = text(raw, '--as');
    const addScopes = scopes(raw, '--add-scope');
    if (addScopes.length > 0 && scopes(raw).length > 0) {
      throw new VaultError(
        'usage',
        '--scope says which scopes to ask for, --add-scope asks for more than before: give one of them',
      );
    }
    const device = given(raw, '--device');
    if (device) refuseBesideDevice(raw);
    return {
      request: {
        provider: names(raw, 'the name of the provider')[0] ?? '',
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

  async run(useCases, { request, dryRun }, io) {
    if (dryRun) {
      const plan = await useCases.planLogin(request);
      if (io.json) io.document(planDocument(plan));
      else io.data(renderBlock(planEntries(plan), io.columns, io.theme));
      return;
    }
    const { talk, end } = converse(request, io);
    const result = await useCases.login(request, talk).finally(end);
    if (io.json) io.document(loginDocument(result));
    else io.data(`${harmless(accountName(result.account))}\n`);
    sayResult(result, io);
    if (result.missingScopes.length > 0) io.exitCode = ERROR_CODES.scope_missing;
  },
};

/** A device login listens nowhere and opens nothing, so whoever asks for both means something else. */
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
    `--device opens no browser and waits for none, so it does not go with ${other}`,
    {
      hint: `leave out ${other} or --device`,
    },
  );
}

/** The keys are an API: more may join, none leaves. */
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
    refresh_token_in_doubt: result.inDoubt,
    created,
    renamed_from: renamedFrom,
  };
}

/** What a person should know of a finished login. Shortcomings are told with `--quiet` as well. */
export function sayResult(result: LoginResult, io: Io): void {
  const { account, missingScopes, withdrawnScopes, renamedFrom } = result;
  io.say(greeting(result), 'green');
  if (renamedFrom !== null) io.say(`it was called ${renamedFrom} before`);
  if (!account.hasRefreshToken) {
    io.warn('warning: the provider gave no refresh token, so this account cannot be refreshed', 'yellow');
    io.warn(`  its access token: ${ending(account.expiresAt, io.now())}; after that, log in again`);
  } else if (result.inDoubt) {
    io.warn('warning: this login brought no refresh token, and the stored one may be spent', 'yellow');
    io.warn('  the answer to the last refresh was lost, so the next refresh may be refused');
    io.warn(`  hint: take the access of this program away at the provider, then: ${loginCommand(account)}`);
  } else if (result.keptRefreshToken) {
    io.say('this login brought no refresh token; the stored one is kept');
  }
  if (missingScopes.length > 0) {
    io.warn(`warning: not granted: ${readable(missingScopes.join(' '))}`, 'yellow');
  }
  if (withdrawnScopes.length > 0) {
    io.warn(`warning: granted before and no longer: ${readable(withdrawnScopes.join(' '))}`, 'yellow');
  }
  const lacking = [...missingScopes, ...withdrawnScopes];
  if (lacking.length > 0) {
    const hint = widenHint(account, lacking);
    io.warn(`  hint: ${lacking.every(isReadable) ? 'log in again and allow them: ' : ''}${hint}`);
  }
}

function greeting({ account, identity, created }: LoginResult): string {
  const who = identity.name ?? identity.email ?? identity.subject;
  const name = accountName(account);
  return created
    ? `logged in as ${who}: ${name} is new in this vault`
    : `logged in as ${who}: ${name} is up to date`;
}

export function planDocument(plan: LoginPlan) {
  return {
    provider: plan.provider,
    title: plan.title,
    issuer: plan.issuer,
    authorization_endpoint: plan.authorizationEndpoint,
    token_endpoint: plan.tokenEndpoint,
    client_id: plan.clientId,
    redirect_uri: plan.redirectUri,
    device: plan.device,
    device_authorization_endpoint: plan.deviceAuthorizationEndpoint,
    scopes: plan.scopes,
    pkce: plan.pkce,
    authorize_params: plan.authorizeParams,
    account: plan.account,
  };
}

const DISCOVERED = 'asked of the issuer at login';

export function planEntries(plan: LoginPlan): Entry[] {
  const parameters = Object.entries(plan.authorizeParams).map(([name, value]) => `${name}=${value}`);
  return [
    ['provider', `${plan.title} (${plan.provider})`],
    ...(plan.account === null ? [] : [['adds scopes to', plan.account] as const]),
    ['issuer', plan.issuer],
    plan.device
      ? ['device authorization endpoint', plan.deviceAuthorizationEndpoint ?? DISCOVERED]
      : ['authorization endpoint', plan.authorizationEndpoint ?? DISCOVERED],
    ['token endpoint', plan.tokenEndpoint ?? DISCOVERED],
    ['client id', plan.clientId],
    ...(plan.redirectUri === null ? [] : [['redirect URI', plan.redirectUri] as const]),
    ['scopes', plan.scopes.length === 0 ? 'none' : plan.scopes],
    ...(plan.device ? [] : [['PKCE', plan.pkce ? 'S256' : 'not understood by the provider'] as const]),
    ...(parameters.length === 0 ? [] : [['also sent', parameters] as const]),
  ];
}
