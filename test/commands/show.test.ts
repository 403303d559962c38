import { describe, expect, it } from 'vitest';
import { printAccount, show } from '../../src/commands/show.js';
import { DAY, HOUR } from '../../src/domain/duration.js';
import { VaultError } from '../../src/domain/errors.js';
import type { AccountDetail } from '../../src/services/overview/overview.js';
import { accountExample } from '../doubles/account.js';
import { NOW, type TerminalOptions, terminal } from '../doubles/terminal.js';
import { inputOf } from './raw.js';

const DETAIL: AccountDetail = {
  account: accountExample({
    status: 'insufficient_scope',
    reason: 'profile was not granted',
    askedScopes: ['openid', 'email', 'profile'],
    lastError: 'network_failed',
    failures: 2,
    grantExpiresAt: NOW - HOUR,
  }),
  missingScopes: ['profile'],
  consents: [
    {
      at: NOW - 3 * DAY,
      how: 'browser',
      askedScopes: ['openid', 'email', 'profile'],
      grantedScopes: ['openid', 'email'],
    },
  ],
  providerTitle: 'Google',
  manageUrl: 'https://myaccount.google.com/connections',
  openRefresh: null,
  identity: {
    subject: '1234567890',
    email: 'alice@example.com',
    name: 'Alice Example',
    details: { workspace: 'Example Ltd' },
  },
  aliases: [],
  isDefault: false,
};

function printed(detail: AccountDetail, options: TerminalOptions = {}) {
  const { io, written } = terminal(options);
  printAccount(detail, io);
  return written;
}

describe('vault show', () => {
  it('shows scopes, consents, expiry and the bound endpoints', async () => {
    expect(printed(DETAIL)).toEqual({
      stderr: 'hint: vault login google/alice@example.com\n',
      stdout: `account         google/alice@example.com
user            Alice Example <alice@example.com>
user id         1234567890
user details    workspace: Example Ltd
provider        Google
status          needs login: its grant has ended; profile was not granted
access token    expires in 52m (2026-03-01 12:52 UTC)
id_token        none
grant           expired 1h ago (2026-03-01 11:00 UTC)
refresh token   stored
last refresh    8m ago (2026-03-01 11:52 UTC)
last error      network failed, 2 times in a row
scopes          + openid
                + email
                - profile (not granted)
consents        3d ago (2026-02-26 12:00 UTC), by browser: openid email; not
                granted: profile
issuer          https://accounts.google.com
token endpoint  https://oauth2.googleapis.com/token
client id       client-example
logged in       3d ago (2026-02-26 12:00 UTC)
manage at       https://myaccount.google.com/connections
`,
    });
  });

  it('omits empty facts, and names unknown ones', async () => {
    const account = accountExample({
      expiresAt: null,
      hasRefreshToken: false,
      lastRefreshAt: null,
      askedScopes: [],
      grantedScopes: [],
    });
    const { stdout } = printed({
      account,
      missingScopes: [],
      consents: [],
      providerTitle: 'Google',
      manageUrl: null,
      openRefresh: null,
      identity: null,
      aliases: [],
      isDefault: false,
    });
    expect(stdout).not.toMatch(/missing|manage|last error|user|former|default/);
    expect(stdout).toContain(
      'access token    expiry unknown\nid_token        none\ngrant           no expiry reported\n',
    );
    expect(stdout).toContain(
      'refresh token   none: log in again when the access token expires\nlast refresh    never\n',
    );
    expect(stdout).toContain('consents        none recorded\n');
  });

  it('shows the scopes that were withdrawn since the consent', async () => {
    const account = accountExample({ grantedScopes: ['openid'] });
    const { stdout } = printed({ ...DETAIL, account });
    expect(stdout).toContain('- email (withdrawn by the provider)\n');
    expect(JSON.parse(printed({ ...DETAIL, account }, { json: true }).stdout)).toMatchObject({
      withdrawn_scopes: ['email'],
    });
  });

  it('marks scopes as the locale allows', () => {
    const { stdout } = printed(DETAIL, { env: { LANG: 'C.UTF-8' } });
    expect(stdout).toContain('✓ email\n');
    expect(stdout).toContain('✗ profile (not granted)\n');
  });

  it.each([
    [{ name: null }, 'user            alice@example.com\n'],
    [{ email: null }, 'user            Alice Example\n'],
    [{ name: null, email: null }, 'user            1234567890\n'],
  ])('shows of its user what is known: %j', (facts, line) => {
    const identity = {
      subject: '1234567890',
      email: 'alice@example.com',
      name: 'Alice Example',
      details: {},
    };
    expect(printed({ ...DETAIL, identity: { ...identity, ...facts } }).stdout).toContain(line);
  });

  it('goes on without the key, and says why and what helps', () => {
    const identity = new VaultError('key_locked', 'the keychain is locked', { hint: 'unlock it' });
    const { stdout, stderr } = printed({ ...DETAIL, identity });
    expect(stdout).toContain('user            not shown: the keychain is locked\nprovider        Google\n');
    expect(stderr).toMatch(/\nhint: unlock it\n$/);
    expect(JSON.parse(printed({ ...DETAIL, identity }, { json: true }).stdout)).toMatchObject({
      identity: null,
    });
  });

  it('names the former names, and says that it is the default', () => {
    const { stdout } = printed({ ...DETAIL, aliases: ['google/a', 'google/b'], isDefault: true });
    expect(stdout).toContain(
      'former names    google/a\n                google/b\ndefault         of google\n',
    );
  });

  it.each([
    ['', { selector: null, withIdentity: true }],
    ['google/work --no-identity', { selector: 'google/work', withIdentity: false }],
  ])('understands "%s"', async (line, request) => {
    expect(await inputOf(show, line)).toEqual(request);
  });

  it.each([
    [{ status: 'active', reason: null }, '', 'ok'],
    [
      {
        status: 'login_needed',
        reason: 'google/alice@example.com needs a new login: the grant was revoked',
        lastError: 'login_needed',
      },
      'hint: vault login google/alice@example.com\n',
      'needs login: the grant was revoked',
    ],
    [
      { status: 'failing', reason: 'Google does not answer', retryAt: NOW + HOUR },
      'hint: vault refresh google/alice@example.com --force\n',
      'failing: Google does not answer',
    ],
  ] as const)('prints why the status is %o, and what helps', async (facts, stderr, says) => {
    const printedNow = printed({ ...DETAIL, account: accountExample(facts) });
    expect(printedNow.stderr).toBe(stderr);
    const shown = printedNow.stdout.replace(/ {2,}/g, ' ');
    expect(shown).toContain(`\nstatus ${says}\n`);
    const token = facts.status === 'login_needed' ? 'refused by the provider' : 'stored';
    expect(shown).toContain(`\nrefresh token ${token}\n`);
    expect(printedNow.stdout.includes('no refresh until')).toBe('retryAt' in facts);
  });

  it('names a refresh whose outcome is open, and what to do', async () => {
    const open = { ...DETAIL, openRefresh: { at: NOW - HOUR, attempts: 2 } };
    const [again, login] = [
      'hint: to send the refresh token once more: vault refresh google/alice@example.com --force\n',
      'hint: for a new grant: vault login google/alice@example.com\n',
    ];
    const failing = accountExample({ status: 'failing', reason: 'Google does not answer' });
    const { stdout, stderr } = printed({ ...open, account: failing });
    expect(stdout.replace(/\s+/g, ' ')).toContain(
      'open refresh the outcome of the refresh that began at 2026-03-01T11:00:00.000Z is open: no final answer came',
    );
    expect(stderr).toBe(
      `hint: for the stored access token: vault token google/alice@example.com\n${again}${login}`,
    );
    const ended = accountExample({ expiresAt: NOW - HOUR });
    expect(printed({ ...open, account: ended }).stderr).toBe(again);
    const resting = accountExample({ status: 'login_needed', reason: 'the grant has ended' });
    expect(printed({ ...open, account: resting }).stderr).toBe(
      'hint: vault login google/alice@example.com\n',
    );
    expect(JSON.parse(printed(open, { json: true }).stdout)).toMatchObject({
      open_refresh: { began_at: '2026-03-01T11:00:00.000Z', attempts: 2 },
    });
  });

  it('is a document with --json', async () => {
    const document = JSON.parse(printed(DETAIL, { json: true }).stdout);
    expect(document).toEqual({
      account: 'google/alice@example.com',
      provider: 'google',
      issuer: 'https://accounts.google.com',
      status: 'insufficient_scope',
      reason: 'profile was not granted',
      scopes: ['openid', 'email'],
      missing_scopes: ['profile'],
      expires_at: '2026-03-01T12:52:00.000Z',
      grant_expires_at: '2026-03-01T11:00:00.000Z',
      has_refresh_token: true,
      last_refresh_at: '2026-03-01T11:52:00.000Z',
      last_error: 'network_failed',
      created_at: '2026-02-26T12:00:00.000Z',
      updated_at: '2026-03-01T11:00:00.000Z',
      asked_scopes: ['openid', 'email', 'profile'],
      withdrawn_scopes: [],
      token_type: 'Bearer',
      id_token_expires_at: null,
      failures: 2,
      retry_at: null,
      client_id: 'client-example',
      token_endpoint: 'https://oauth2.googleapis.com/token',
      manage_url: 'https://myaccount.google.com/connections',
      open_refresh: null,
      identity: {
        subject: '1234567890',
        email: 'alice@example.com',
        name: 'Alice Example',
        details: { workspace: 'Example Ltd' },
      },
      aliases: [],
      is_default: false,
      consents: [
        {
          at: '2026-02-26T12:00:00.000Z',
          how: 'browser',
          asked_scopes: ['openid', 'email', 'profile'],
          granted_scopes: ['openid', 'email'],
        },
      ],
    });
  });
});
