import { describe, expect, it } from 'vitest';
import { list, listDocument, printAccounts, sayVaultTroubles } from '../../src/commands/list.js';
import type { Context } from '../../src/context.js';
import type { Account } from '../../src/domain/account.js';
import { DAY, HOUR } from '../../src/domain/duration.js';
import { VaultError } from '../../src/domain/errors.js';
import type { ListExtras } from '../../src/services/overview/overview.js';
import { accountExample } from '../doubles/account.js';
import { NO_EXTRAS, NO_NAMES } from '../doubles/no-names.js';
import { sources } from '../doubles/settings-sources.js';
import { NOW, type TerminalOptions, terminal } from '../doubles/terminal.js';
import { inputOf } from './raw.js';

const identity = (name: string) => ({ subject: '1', email: 'alice@example.com', name, details: {} });
const EVERYTHING = { provider: null, status: null, expiringWithin: null, sort: null };

async function printed(
  accounts: readonly Account[],
  options: TerminalOptions = {},
  line = '',
  extras: Partial<ListExtras> = {},
) {
  const { io, written } = terminal(options);
  printAccounts(accounts, { ...NO_EXTRAS, ...extras }, (await inputOf(list, line)).wide, io);
  return written;
}

/** Where there is no vault. @param config of the user */
async function printedOfNone(line: string, config: object = {}) {
  const { io, written } = terminal({});
  const place = { host: { env: { VAULT_HOME: '/v' } }, paths: { data: '/v' } };
  const ctx = { ...NO_NAMES, ...place, vault: async () => null, settings: async () => sources({ config }) };
  await list.run(ctx as unknown as Context, await inputOf(list, line), io);
  return written;
}

/** @param pieces of accounts, and of documents as a store writes them */
async function printedAsJson(...pieces: readonly (readonly (Account | string)[])[]) {
  const { io, written } = terminal({ json: true });
  await io.documentInPieces(listDocument(ReadableStream.from(pieces)));
  return written;
}

describe('vault list', () => {
  it.each([
    ['', EVERYTHING],
    ['--provider google', { ...EVERYTHING, provider: 'google' }],
    ['--status login_needed', { ...EVERYTHING, status: 'login_needed' }],
    ['--expiring 3d', { ...EVERYTHING, expiringWithin: 3 * DAY }],
    ['--sort grant', { ...EVERYTHING, sort: 'grant' }],
  ])('understands "%s"', async (line, request) => {
    expect(await inputOf(list, line)).toEqual({ request, wide: false });
    expect(await inputOf(list, `${line} --wide`.trim())).toEqual({ request, wide: true });
  });

  it.each([
    ['--status fine', '--status takes one of: active, insufficient_scope, login_needed, failing, revoked'],
    ['--sort name', '--sort takes one of: token, grant, refreshed, created'],
    ['--expiring 3', '--expiring takes a duration such as 90s, 5m, 12h or 7d'],
  ])('refuses "%s"', async (line, message) => {
    await expect(inputOf(list, line)).rejects.toMatchObject({ code: 'usage', message });
  });

  it('says that the vault refreshes nothing, and that its key is missing', () => {
    const { io, written } = terminal();
    sayVaultTroubles({ keyMissing: 'key file /k', blockedSince: 1 }, io);
    sayVaultTroubles({ keyMissing: null, blockedSince: null }, io);
    expect(written.stderr).toBe(`the key cannot be read: the key file /k does not exist
  hint: vault key status
nothing is refreshed: the vault is an older copy, or was copied or moved
  hint: vault doctor --accept-rollback
`);
  });

  it('shows a table that fits the terminal, without colour if that is disabled', async () => {
    const narrow = { tty: true, columns: 80, env: { NO_COLOR: '1' } };
    const accounts = [
      accountExample({
        grantedScopes: [
          'openid',
          'https://www.googleapis.com/auth/gmail.readonly',
          'https://mail.google.com/',
        ],
      }),
      accountExample({
        provider: 'microsoft',
        label: 'somebody.with.a.long.name@department.example.com',
        status: 'insufficient_scope',
        expiresAt: NOW - 3 * HOUR,
        grantedScopes: Array.from({ length: 20 }, (_, index) => `Mail.Read.${index}`),
      }),
      accountExample({
        provider: 'notion',
        label: 'team',
        status: 'login_needed',
        expiresAt: null,
        grantedScopes: [],
      }),
    ];
    const { stdout, stderr } = await printed(accounts, narrow);
    expect(stderr).toBe('notion/team needs a new login\n  hint: vault login notion/team\n');
    expect(stdout.split('\n')).toEqual([
      'ACCOUNT                                LOGIN           TOKEN          SCOPES',
      'google/alice@example.com               ok              renews itself  openid gm…',
      'microsoft/somebody.with.a.long.name@department.example.com',
      '                                       scopes missing  renews itself  Mail.Read…',
      'notion/team                            needs login     cannot renew',
      '',
    ]);
  });

  it('prints the reason of each failing account on stderr, with a command', async () => {
    const reason = 'google/a needs a new login: Google ended the grant';
    const accounts = [
      accountExample({ label: 'a', status: 'login_needed', reason }),
      accountExample({
        label: 'b',
        status: 'insufficient_scope',
        reason: 'not granted: x',
        askedScopes: ['openid', 'email', 'x'],
      }),
      accountExample({
        label: 'c',
        status: 'failing',
        reason: 'google does not answer',
        askedScopes: ['openid', 'email', 'y'],
      }),
      accountExample({ label: 'd' }),
    ];
    const { stderr } = await printed(accounts);
    expect(stderr.split('\n')).toEqual([
      reason,
      '  hint: vault login google/a',
      'google/b: not granted: x',
      '  hint: vault login google/b --add-scope x',
      'google/c: the last refresh failed 1h ago: google does not answer; not granted: y',
      '  hint: vault refresh google/c --force',
      '',
    ]);
    expect((await printed(accounts, { quiet: true })).stderr).toBe('');
  });

  it('names ten of many failing accounts', async () => {
    const accounts = Array.from({ length: 12 }, (_, index) =>
      accountExample({ label: `user-${index}`, status: 'failing', reason: 'no answer' }),
    );
    const { stderr } = await printed(accounts);
    expect(stderr.match(/: no answer$/gm)).toHaveLength(10);
    expect(stderr).toContain('and 2 more; all reasons: vault list --json\n');
  });

  it('colours the status on a terminal', async () => {
    const { stdout } = await printed([accountExample()], { tty: true });
    expect(stdout).toContain('\u001b[32mok');
  });

  it('has more columns with --wide, and says which account is the default', async () => {
    const account = accountExample({ grantExpiresAt: NOW + 3 * DAY });
    const [user, home] = [identity('Alice'), 'google/home'];
    const extras = {
      identities: new Map([[account.id, user]]),
      aliases: new Map([['google/alice@example.com', [home]]]),
      defaults: new Set(['google/alice@example.com']),
    };
    expect((await printed([account], {}, '--wide', extras)).stdout.split('\n')).toEqual([
      'ACCOUNT                             LOGIN       TOKEN          USER                       TOKEN ENDS  GRANT ENDS  REFRESHED  FORMER NAMES  SCOPES',
      'google/alice@example.com (default)  ends in 3d  renews itself  Alice <alice@example.com>  in 52m      in 3d       8m ago     google/home   openid email',
      '',
    ]);
  });

  it('prints a block for each account with --wide where the columns do not fit', async () => {
    const accounts = [accountExample(), accountExample({ label: 'b' })];
    const narrow = { tty: true, columns: 80, env: { NO_COLOR: '1' } };
    const { stdout } = await printed(accounts, narrow, '--wide');
    const [first = '', second = '', ...more] = stdout.split('\n\n');
    expect(first).toMatch(/^ACCOUNT +google\/alice@example\.com\nLOGIN +ok\nTOKEN +renews itself\n/);
    expect(second).toMatch(/^ACCOUNT +google\/b\n/);
    expect(more).toEqual([]);
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  it('begins the values of all blocks in one column', async () => {
    const accounts = [accountExample(), accountExample({ label: 'b' })];
    const aliases = new Map([['google/b', ['google/a']]]);
    const narrow = { tty: true, columns: 80, env: { NO_COLOR: '1' } };
    const { stdout } = await printed(accounts, narrow, '--wide', { aliases });
    expect(stdout).toMatch(/^ACCOUNT {7}google\/alice@example\.com\n/);
    expect(stdout).toMatch(/^FORMER NAMES {2}google\/a\n/m);
  });

  it('says why it does not know who they are', async () => {
    const noIdentity = new VaultError('key_locked', 'the keychain is locked', { hint: 'unlock it' });
    const { stdout, stderr } = await printed([accountExample()], {}, '--wide', { noIdentity });
    expect(stdout).toContain('  ?  ');
    expect(stderr).toBe('the users are not shown: the keychain is locked\n  hint: unlock it\n');
  });

  it.each([
    [{}, 'setup'],
    [{ providers: { work: { issuer: 'https://id.example', clientId: 'x' } } }, 'login work'],
  ])('prints what to type when there is no account, with the settings %j', async (config, line) => {
    expect(await printedOfNone('', config)).toEqual({
      stdout: '',
      stderr: `there is no vault in /v (VAULT_HOME) yet; next: vault ${line}\n`,
    });
  });

  it('suggests no login when only the filter excludes all accounts', async () => {
    const { stderr } = await printedOfNone('--provider google');
    expect(stderr).toBe('no accounts of the provider google; to see all: vault list\n');
  });

  it('escapes account names that would move the cursor', async () => {
    const { stdout } = await printed([accountExample({ label: 'a\u001b[2Jb' })]);
    expect(stdout).toContain('google/a\\x1b[2Jb');
  });

  it('has a line for each of ten thousand accounts', async () => {
    const accounts = Array.from({ length: 10_000 }, (_, index) => accountExample({ label: `user-${index}` }));
    expect((await printed(accounts)).stdout.split('\n')).toHaveLength(10_002);
  });
});

describe('vault list --json', () => {
  it('contains all facts of an account, with null for unknown ones', async () => {
    const account = accountExample({
      status: 'failing',
      reason: 'the provider answered 503',
      askedScopes: ['openid', 'email', 'profile'],
      expiresAt: null,
      grantExpiresAt: NOW + DAY,
      lastRefreshAt: null,
      lastError: 'provider_unavailable',
    });
    expect(JSON.parse((await printedAsJson([account])).stdout)).toEqual({
      accounts: [
        {
          account: 'google/alice@example.com',
          provider: 'google',
          issuer: 'https://accounts.google.com',
          status: 'failing',
          reason: 'the provider answered 503',
          scopes: ['openid', 'email'],
          missing_scopes: ['profile'],
          expires_at: null,
          grant_expires_at: '2026-03-02T12:00:00.000Z',
          has_refresh_token: true,
          last_refresh_at: null,
          last_error: 'provider_unavailable',
          created_at: '2026-02-26T12:00:00.000Z',
          updated_at: '2026-03-01T11:00:00.000Z',
        },
      ],
    });
  });

  it('is an empty list without accounts, and nothing on stderr', async () => {
    for (const pieces of [[], [[]]])
      expect(await printedAsJson(...pieces)).toEqual({ stdout: '{"accounts":[]}\n', stderr: '' });
  });

  it('is one document, whatever the pieces are and of what', async () => {
    const { stdout } = await printedAsJson(['{"a":1}', '{"b":"\u202e"}'], [], ['{}', accountExample()]);
    expect(stdout).toContain(
      '{"accounts":[{"a":1},{"b":"\\u202e"},{},{"account":"google/alice@example.com",',
    );
    expect(JSON.parse(stdout).accounts).toHaveLength(4);
  });
});
