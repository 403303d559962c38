import { describe, expect, it } from 'vitest';
import { printAccount } from '../../src/commands/show.js';
import { DAY, HOUR } from '../../src/domain/duration.js';
import type { AccountDetail } from '../../src/services/overview/overview.js';
import { accountExample } from '../doubles/account.js';
import { NOW, type TerminalOptions, terminal } from '../doubles/terminal.js';

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
};

function printed(detail: AccountDetail, options: TerminalOptions = {}) {
  const { io, written } = terminal(options);
  printAccount(detail, io);
  return written;
}

describe('vault show', () => {
  it('shows scopes, consents, expiry and the bound endpoints', async () => {
    expect(printed(DETAIL)).toEqual({
      stderr: 'hint: vault login google/alice@example.com --add-scope profile\n',
      stdout: `account           google/alice@example.com
provider          Google
status            insufficient_scope: profile was not granted
access token      expires in 52m (2026-03-01 12:52 UTC)
grant             expired 1h ago (2026-03-01 11:00 UTC)
refresh token     stored
last refresh      8m ago (2026-03-01 11:52 UTC)
last error        network_failed, 2 in a row
scopes requested  openid
                  email
                  profile
scopes granted    openid
                  email
scopes missing    profile
consents          3d ago (2026-02-26 12:00 UTC), by browser: openid email; not
                  granted: profile
issuer            https://accounts.google.com
token endpoint    https://oauth2.googleapis.com/token
client id         client-example
logged in         3d ago (2026-02-26 12:00 UTC)
manage at         https://myaccount.google.com/connections
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
    });
    expect(stdout).not.toMatch(/missing|manage|last error/);
    expect(stdout).toContain(
      'access token      expiry unknown\ngrant             no expiry reported by the provider\n',
    );
    expect(stdout).toContain(
      'refresh token     none: log in again when the access token expires\nlast refresh      never\n',
    );
    expect(stdout).toContain('consents          none recorded\n');
  });

  it('shows the scopes that were withdrawn since the consent', async () => {
    const account = accountExample({ grantedScopes: ['openid'] });
    const { stdout } = printed({ ...DETAIL, account });
    expect(stdout).toContain('withdrawn         email\n');
    expect(JSON.parse(printed({ ...DETAIL, account }, { json: true }).stdout)).toMatchObject({
      withdrawn_scopes: ['email'],
    });
  });

  it.each([
    [{ status: 'active', reason: null }, ''],
    [
      { status: 'login_needed', reason: 'the grant has ended' },
      'hint: vault login google/alice@example.com\n',
    ],
    [
      { status: 'failing', reason: 'Google does not answer', retryAt: NOW + HOUR },
      'hint: vault refresh google/alice@example.com --force\n',
    ],
  ] as const)('prints why the status is %o, and what helps', async (facts, stderr) => {
    const printedNow = printed({ ...DETAIL, account: accountExample(facts) });
    expect(printedNow.stderr).toBe(stderr);
    if (facts.reason !== null) expect(printedNow.stdout).toContain(`${facts.status}: ${facts.reason}\n`);
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
      failures: 2,
      retry_at: null,
      client_id: 'client-example',
      token_endpoint: 'https://oauth2.googleapis.com/token',
      manage_url: 'https://myaccount.google.com/connections',
      open_refresh: null,
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
