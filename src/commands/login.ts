import { accountName, checkLabel } from '../domain/account.js';
import { MINUTE } from '../domain/duration.js';
import { ERROR_CODES, VaultError } from '../domain/errors.js';
import { harmless } from '../domain/safe-text.js';
import type { LoginRequest } from '../services/contract.js';
import { renderBlock } from '../ui/layout.js';
import type { Command, RawInput } from './contract.js';
import { converse } from './login-talk.js';
import { loginDocument, planDocument, planEntries, sayResult } from './login-view.js';
import { denied, duration, given, names, scopes, text, wholeNumber } from './read.js';

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
