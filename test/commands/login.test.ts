import { describe, expect, it } from 'vitest';
import { login, printLogin } from '../../src/commands/login.js';
import { loginTalk } from '../../src/commands/login-talk.js';
import { MINUTE } from '../../src/domain/duration.js';
import type { LoginRequest, LoginResult, LoginTalk } from '../../src/services/login/login-request.js';
import { accountExample } from '../doubles/account.js';
import { DESKTOP } from '../doubles/surroundings.js';
import { type TerminalOptions, terminal } from '../doubles/terminal.js';
import { inputOf } from './raw.js';

const DEFAULTS: LoginRequest = {
  name: 'google',
  as: null,
  scopes: [],
  addScopes: [],
  loginHint: null,
  openBrowser: true,
  pasteOnly: false,
  device: false,
  port: null,
  timeout: 10 * MINUTE,
};

const RESULT: LoginResult = {
  account: accountExample(),
  identity: { subject: 'subject-example', email: 'alice@example.com', name: 'Alice', details: {} },
  missingScopes: [],
  created: true,
  renamedFrom: null,
  tokenMayBeSpent: false,
  keptRefreshToken: false,
  withdrawnScopes: [],
};

const URL_EXAMPLE = 'https://accounts.google.com/o/oauth2/v2/auth?state=state-example';
const AUTHORIZE = {
  kind: 'authorize',
  url: URL_EXAMPLE,
  redirectUri: 'http://127.0.0.1:4711/callback',
  listening: { host: '127.0.0.1', port: 4711 },
  surroundings: DESKTOP,
  instead: null,
} as const;

async function run(
  line: string,
  result: Partial<LoginResult> = {},
  options: TerminalOptions = {},
  during: (talk: LoginTalk) => void | Promise<void> = () => undefined,
) {
  const { io, written } = terminal(options);
  const { request } = await inputOf(login, line);
  const { talk, end } = loginTalk(request, io);
  await during(talk);
  end();
  printLogin({ ...RESULT, ...result }, io);
  return { ...written, exitCode: io.exitCode };
}

describe('vault login', () => {
  it.each([
    ['google', DEFAULTS, false],
    [
      'google --as work --login-hint alice@example.com',
      { ...DEFAULTS, as: 'work', loginHint: 'alice@example.com' },
      false,
    ],
    ['google --scope a --scope b', { ...DEFAULTS, scopes: ['a', 'b'] }, false],
    ['google --add-scope a --add-scope b', { ...DEFAULTS, addScopes: ['a', 'b'] }, false],
    ['google --no-browser --paste', { ...DEFAULTS, openBrowser: false, pasteOnly: true }, false],
    ['google --port 8080 --timeout 90s', { ...DEFAULTS, port: 8080, timeout: 90_000 }, false],
    ['google --dry-run', DEFAULTS, true],
  ])('understands "%s"', async (line, request, dryRun) => {
    expect(await inputOf(login, line)).toEqual({ request, dryRun });
  });

  it.each([
    ['google --port 0', '--port takes a whole number from 1 to 65535'],
    ['google --port 65536', '--port takes a whole number from 1 to 65535'],
    [
      'google --scope a --add-scope b',
      '--scope replaces the requested scopes and --add-scope adds to them: give only one of the two',
    ],
    ['google --timeout long', '--timeout takes a duration such as 90s, 5m, 12h or 7d'],
    [
      'google --as google/work',
      '--as takes the part after the slash: no space, no slash, 100 characters at most',
    ],
    [
      'google --as a\u202eb',
      '--as takes the part after the slash: no space, no slash, 100 characters at most',
    ],
  ])('refuses "%s"', async (line, message) => {
    await expect(inputOf(login, line)).rejects.toMatchObject({ code: 'usage', message });
  });
});

describe('while it waits', () => {
  it('prints the URL on its own line when no browser was opened, also with --quiet', async () => {
    const open = (talk: LoginTalk) => talk.on({ ...AUTHORIZE, opened: false });
    const { stderr } = await run('google', {}, {}, open);
    expect(stderr.split('\n')).toContain(URL_EXAMPLE);
    expect(stderr).toContain('waiting for the browser at http://127.0.0.1:4711/callback\n');
    expect((await run('google', {}, { quiet: true }, open)).stderr).toBe(`${URL_EXAMPLE}\n`);
  });

  it.each([
    ['', '10m'],
    ['--timeout 45s', '45s'],
  ])('prints how long it waits with "%s", and what changes and what ends that', async (option, time) => {
    const open = (talk: LoginTalk) => talk.on({ ...AUTHORIZE, opened: false });
    expect((await run(`google ${option}`.trim(), {}, {}, open)).stderr).toContain(
      `the wait ends after ${time} (--timeout changes that), or when you press Ctrl-C\n`,
    );
  });

  it('prints that a browser was opened, and what to do if none appears', async () => {
    const { stderr } = await run('google', {}, {}, (talk) => talk.on({ ...AUTHORIZE, opened: true }));
    expect(stderr).toContain('--no-browser');
    expect(stderr).not.toContain(URL_EXAMPLE);
  });

  it('prints that the URL can be pasted where stdin is a terminal', async () => {
    const options = { tty: true, columns: 200, env: { NO_COLOR: '1' } };
    const { stderr } = await run('google', {}, options, (talk) => talk.on({ ...AUTHORIZE, opened: false }));
    expect(stderr).toContain('; if you log in on another machine, paste the URL of the last page here\n');
  });

  it('with --paste waits for nothing else', async () => {
    const { stderr } = await run('google --paste', {}, {}, (talk) =>
      talk.on({ ...AUTHORIZE, opened: false }),
    );
    expect(stderr).toContain('then paste the URL of the last page here');
    expect(stderr).not.toContain('waiting');
  });

  it.each([
    ['google', {}, false],
    ['google', { tty: true }, true],
    ['google --paste', {}, true],
  ])('"%s" with %o reads stdin: %s', async (line, options, reads) => {
    const pasted: (string | null)[] = [];
    const { stderr } = await run(
      line,
      {},
      { ...options, typed: 'http://127.0.0.1/?code=x\n' },
      async (talk) => {
        if (talk.pasted === null) return;
        for await (const each of talk.pasted(new AbortController().signal)) pasted.push(each);
      },
    );
    expect(stderr).toContain('logged in as Alice');
    expect(pasted).toEqual(reads ? ['http://127.0.0.1/?code=x'] : []);
  });

  it('prints why a pasted URL is wrong, and continues', async () => {
    const { stderr, stdout } = await run('google', {}, {}, (talk) => {
      talk.on({ kind: 'wrong_paste', reason: 'it belongs to another login' });
      talk.on({ kind: 'code_received' });
    });
    expect(stderr).toContain('the pasted text does not complete the login: it belongs to another login\n');
    expect(stdout).toBe('google/alice@example.com\n');
  });
});

describe('after the login', () => {
  it('stdout has the name of the account and nothing else', async () => {
    expect(await run('google')).toEqual({
      stdout: 'google/alice@example.com\n',
      stderr: 'logged in as Alice: added google/alice@example.com\n',
      exitCode: 0,
    });
  });

  it('prints whether the account was known or renamed', async () => {
    const { stderr } = await run('google', { created: false, renamedFrom: 'google/old' });
    expect(stderr).toBe(
      'logged in as Alice: updated google/alice@example.com\nthe name of the account was google/old\n',
    );
  });

  it('warns that there is no refresh token, also with --quiet', async () => {
    const { stderr, exitCode } = await run(
      'google',
      { account: accountExample({ hasRefreshToken: false }) },
      { quiet: true },
    );
    expect(stderr).toContain('warning: the provider issued no refresh token');
    expect(stderr).toContain('expires in 52m');
    expect(exitCode).toBe(0);
  });

  it('prints that an older refresh token is kept', async () => {
    const { stderr } = await run('google', { keptRefreshToken: true });
    expect(stderr).toContain('the provider issued no new refresh token; the stored one is kept\n');
    expect(stderr).not.toContain('warning');
  });
  it('warns that the kept refresh token may be used up', async () => {
    const held = (talk: LoginTalk) => talk.on({ kind: 'account_held' });
    const result = { keptRefreshToken: true, tokenMayBeSpent: true };
    const { stderr } = await run('google', result, { quiet: true }, held);
    expect(stderr).toContain('the login is complete, but another process is using the account');
    expect(stderr).toContain(
      'warning: the provider issued no new refresh token, and the stored one may no longer work\n',
    );
    expect(stderr).toContain('at the provider, then: vault login google');
  });

  it('names missing scopes with the command to type, and exits with 7', async () => {
    const { stdout, stderr, exitCode } = await run('google', { missingScopes: ['calendar'] });
    expect(stdout).toBe('google/alice@example.com\n');
    expect(stderr).toContain('warning: not granted: calendar\n');
    expect(stderr).toMatch(/hint: .*vault login google\/\S+ --add-scope calendar/);
    expect(exitCode).toBe(7);
  });

  it('names scopes that the login did not request, and how to get them again', async () => {
    const { stderr, exitCode } = await run('google', { withdrawnScopes: ['calendar', 'drive'] });
    expect(stderr).toContain(
      'warning: this login did not request what the account had before: calendar drive\n',
    );
    expect(stderr).toMatch(/hint: .*--add-scope calendar --add-scope drive\n/);
    expect(exitCode).toBe(0);
  });

  it('is a document with --json', async () => {
    const { stdout, exitCode } = await run('google', { missingScopes: ['calendar'] }, { json: true });
    expect(JSON.parse(stdout)).toEqual({
      account: 'google/alice@example.com',
      provider: 'google',
      issuer: 'https://accounts.google.com',
      subject: 'subject-example',
      status: 'active',
      scopes: ['openid', 'email'],
      missing_scopes: ['calendar'],
      withdrawn_scopes: [],
      refresh_token_in_doubt: false,
      expires_at: '2026-03-01T12:52:00.000Z',
      has_refresh_token: true,
      created: true,
      renamed_from: null,
    });
    expect(exitCode).toBe(7);
  });

  it('warns about a token that is not a Bearer token, and names the command for it', async () => {
    const account = accountExample({ tokenType: 'mac' });
    const { stderr } = await run('google', { account }, { quiet: true });
    expect(stderr).toContain('warning: the provider issued a token of type mac, not Bearer\n');
    expect(stderr).toContain('vault token google/alice@example.com --format json\n');
  });
});
