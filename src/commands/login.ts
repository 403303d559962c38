import { accountName } from '../domain/account.js';
import { MINUTE } from '../domain/duration.js';
import { ERROR_CODES, VaultError } from '../domain/errors.js';
import { checkLabel } from '../domain/label.js';
import type { LoginEvent, LoginRequest, LoginTalk } from '../services/contract.js';
import { renderBlock } from '../ui/block.js';
import type { Io } from '../ui/io.js';
import { harmless } from '../ui/safe-text.js';
import type { Command } from './contract.js';
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
    return {
      request: {
        provider: names(raw, 'the name of the provider')[0] ?? '',
        as: name === null ? null : checkLabel(name),
        scopes: scopes(raw),
        addScopes,
        loginHint: text(raw, '--login-hint'),
        openBrowser: !denied(raw, '--no-browser'),
        pasteOnly: given(raw, '--paste'),
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
    const result = await useCases.login(request, talkOf(request, io));
    if (io.json) io.document(loginDocument(result));
    else io.data(`${harmless(accountName(result.account))}\n`);
    sayResult(result, io);
    if (result.missingScopes.length > 0) io.exitCode = ERROR_CODES.scope_missing;
  },
};

function talkOf(request: LoginRequest, io: Io): LoginTalk {
  // Where nobody sits, stdin belongs to someone else; with --paste it was promised to this command.
  const canPaste = io.interactive || request.pasteOnly;
  return {
    on: (event) => sayEvent(event, request.pasteOnly, canPaste, io),
    pasted: canPaste ? (signal) => io.lines(signal) : null,
  };
}

function sayEvent(event: LoginEvent, pasteOnly: boolean, canPaste: boolean, io: Io): void {
  switch (event.kind) {
    case 'authorize':
      if (event.opened) {
        io.say('a browser was opened; log in there (no page? run this again with --no-browser)');
        io.detail(event.url);
      } else {
        io.say('open this address in a browser and log in:');
        io.warn(event.url);
      }
      io.say(waiting(event.redirectUri, pasteOnly, canPaste), 'dim');
      return;
    case 'wrong_paste':
      io.warn(`that does not finish the login: ${event.reason}`, 'yellow');
      return;
    case 'code_received':
      io.say('the browser came back; asking for the tokens', 'dim');
      return;
  }
}

function waiting(redirectUri: string, pasteOnly: boolean, canPaste: boolean): string {
  if (pasteOnly)
    return `then paste here the address the browser ends up at (${redirectUri}…), even if the page fails`;
  const paste = canPaste ? '; on another machine, paste here the address the browser ends up at' : '';
  return `waiting for the browser to come back to ${redirectUri}${paste}`;
}
