import { describe, expect, it } from 'vitest';
import { printRefresh, progressOf, refresh } from '../../src/commands/refresh.js';
import { DAY, HOUR } from '../../src/domain/duration.js';
import { VaultError } from '../../src/domain/errors.js';
import type {
  RefreshRequest,
  RefreshResult,
  RefreshResultKind,
} from '../../src/services/refresh/refresh-all.js';
import { accountExample } from '../doubles/account.js';
import { type TerminalOptions, terminal } from '../doubles/terminal.js';
import { inputOf } from './raw.js';

const DEFAULTS: RefreshRequest = {
  selectors: [],
  all: false,
  provider: null,
  within: 7 * DAY,
  force: false,
  dryRun: false,
  concurrency: 16,
};

function result(label: string, outcome: RefreshResultKind, error: VaultError | null = null): RefreshResult {
  return { account: accountExample({ label }), outcome, reason: `reason of ${label}`, error };
}

async function run(line: string, results: readonly RefreshResult[], options: TerminalOptions = {}) {
  const { io, written } = terminal(options);
  const input = await inputOf(refresh, line);
  const bar = progressOf(input, io);
  for (const [index, each] of results.entries()) bar.onResult(each, index + 1, results.length);
  bar.stop();
  let failure: unknown = null;
  try {
    printRefresh({ results }, input, io);
  } catch (error) {
    failure = error;
  }
  return { ...written, failure, exitCode: io.exitCode };
}

const GONE = new VaultError('login_needed', 'the grant of google/b ended', { hint: 'vault login google' });
const MIXED = [result('a', 'refreshed'), result('b', 'login_needed', GONE), result('c', 'skipped')];

describe('vault refresh', () => {
  it.each([
    ['--all', { ...DEFAULTS, all: true }],
    ['a b', { ...DEFAULTS, selectors: ['a', 'b'] }],
    ['--provider google --days 3', { ...DEFAULTS, provider: 'google', within: 3 * DAY }],
    ['--all --days 12h', { ...DEFAULTS, all: true, within: 12 * HOUR }],
    [
      '--all --dry-run --force --concurrency 64',
      { ...DEFAULTS, all: true, dryRun: true, force: true, concurrency: 64 },
    ],
  ])('understands "%s"', async (line, request) => {
    expect(await inputOf(refresh, line)).toEqual(request);
  });

  it.each([
    ['', 'name an account, or use --all or --provider'],
    ['a --all', 'name accounts, or use --all or --provider, but not both'],
    ['a --provider google', 'name accounts, or use --all or --provider, but not both'],
    ['--all --days soon', '--days takes a number of days such as 7, or a duration such as 12h'],
    ['--all --concurrency 0', '--concurrency takes a whole number from 1 to 64'],
    ['--all --concurrency 2.5', '--concurrency takes a whole number from 1 to 64'],
  ])('refuses "%s"', async (line, message) => {
    await expect(inputOf(refresh, line)).rejects.toMatchObject({ code: 'usage', message });
  });
});

describe('vault refresh of one account', () => {
  it('prints when the new token expires', async () => {
    expect(await run('a', [result('a', 'refreshed')])).toEqual({
      stdout: '',
      stderr: 'google/a: refreshed, expires in 52m\n',
      failure: null,
      exitCode: 0,
    });
  });

  it('prints why it was skipped', async () => {
    const { stderr, failure } = await run('a', [result('a', 'skipped')]);
    expect({ stderr, failure }).toEqual({ stderr: 'google/a: skipped: reason of a\n', failure: null });
  });

  it('fails with the error of the account', async () => {
    const { failure, stdout, stderr } = await run('b', [result('b', 'login_needed', GONE)]);
    expect(failure).toBe(GONE);
    expect({ stdout, stderr }).toEqual({ stdout: '', stderr: '' });
  });

  it.each([
    ['login_needed', 'login_needed', 4],
    ['transient', 'provider_unavailable', 5],
    ['busy', 'busy', 10],
    ['refused', 'client_refused', 11],
    ['error', 'unexpected', 1],
  ] as const)('%s without an error of its own is %s', async (outcome, code, exitCode) => {
    const { failure } = await run('b', [result('b', outcome)]);
    expect(failure).toMatchObject({ code, exitCode, message: 'google/b: reason of b' });
  });

  it('with --json prints the document and exits with the code of the failure', async () => {
    const ended = await run('b', [result('b', 'login_needed', GONE)], { json: true });
    expect(ended).toMatchObject({ failure: null, exitCode: 4, stderr: '' });
    expect(JSON.parse(ended.stdout).summary).toEqual({
      refreshed: 0,
      skipped: 0,
      failed: 1,
      would_refresh: 0,
    });
  });
});

describe('vault refresh of several accounts', () => {
  it('prints each result and each failure once, with hints, and exits with 8', async () => {
    const { stdout, stderr, failure } = await run('--all', MIXED);
    expect(stdout).toBe('');
    expect(stderr.split('\n')).toEqual([
      'google/a: refreshed, expires in 52m',
      'google/c: skipped: reason of c',
      'google/b: reason of b',
      '  hint: vault login google',
      '1 refreshed, 1 skipped, 1 needs a new login',
      '',
    ]);
    expect(failure).toMatchObject({
      code: 'some_failed',
      exitCode: 8,
      message: '1 of 3 accounts could not be refreshed',
    });
  });

  it('prints only failures with --quiet', async () => {
    expect(
      (await run('--all', [result('a', 'refreshed'), result('c', 'skipped')], { quiet: true })).stderr,
    ).toBe('');
    expect((await run('--all', MIXED, { quiet: true })).stderr).toContain('google/b: reason of b\n');
  });

  it('warns about withdrawn scopes, also with --quiet, and does not fail', async () => {
    const shrunk = { ...result('a', 'refreshed'), withdrawnScopes: ['calendar'] };
    const { stderr, exitCode, failure } = await run('--all', [shrunk], { quiet: true });
    expect(stderr).toMatch(
      /^warning: google\/a no longer has the scope calendar, .*; to grant it again: vault login google\/a --add-scope calendar\n$/,
    );
    expect({ exitCode, failure }).toEqual({ exitCode: 0, failure: null });
    const { stdout } = await run('--all', [shrunk], { json: true });
    expect(JSON.parse(stdout).results).toMatchObject([{ withdrawn_scopes: ['calendar'] }]);
  });

  it('exits with 8 even when the only account failed', async () => {
    expect((await run('--all', [result('b', 'transient')])).failure).toMatchObject({ code: 'some_failed' });
    expect((await run('--all', [result('b', 'transient')], { json: true })).exitCode).toBe(8);
  });

  it('prints a line when there is no account', async () => {
    expect(await run('--all', [])).toMatchObject({
      stderr: 'there is no account to refresh\n',
      failure: null,
    });
  });

  it('is one document with --json, and nothing on stderr', async () => {
    const { stdout, stderr, exitCode, failure } = await run('--all', MIXED, { json: true });
    expect({ stderr, exitCode, failure }).toEqual({ stderr: '', exitCode: 8, failure: null });
    const expires_at = '2026-03-01T12:52:00.000Z';
    const error = {
      code: 'login_needed',
      message: 'the grant of google/b ended',
      hint: 'vault login google',
      exit_code: 4,
    };
    expect(JSON.parse(stdout)).toEqual({
      results: [
        {
          account: 'google/a',
          outcome: 'refreshed',
          reason: 'reason of a',
          expires_at,
          withdrawn_scopes: [],
          warning: null,
          open_since: null,
          error: null,
        },
        {
          account: 'google/b',
          outcome: 'login_needed',
          reason: 'reason of b',
          expires_at,
          withdrawn_scopes: [],
          warning: null,
          open_since: null,
          error,
        },
        {
          account: 'google/c',
          outcome: 'skipped',
          reason: 'reason of c',
          expires_at,
          withdrawn_scopes: [],
          warning: null,
          open_since: null,
          error: null,
        },
      ],
      summary: { refreshed: 1, skipped: 1, failed: 1, would_refresh: 0 },
    });
  });

  it('shows a bar on a terminal and erases it', async () => {
    const { stdout, stderr } = await run('--all', MIXED, { tty: true });
    expect(stdout).toBe('');
    expect(stderr).toContain('3/3');
    expect(stderr).toMatch(
      /google\/b: reason of b[\s\S]*google\/c: skipped: reason of c[\s\S]*1 refreshed, 1 skipped, 1 needs a new login/,
    );
  });
});

describe('vault refresh --dry-run', () => {
  const planned = [result('a', 'would_refresh'), result('b', 'login_needed'), result('c', 'skipped')];

  it('prints for each account what would happen and why, and exits with 0', async () => {
    expect(await run('--all --dry-run', planned)).toEqual({
      stdout: `ACCOUNT   OUTCOME             WHY
google/a  would be refreshed  reason of a
google/b  needs login         reason of b
google/c  skipped             reason of c
`,
      stderr: '',
      failure: null,
      exitCode: 0,
    });
  });

  it('counts in its document what would be refreshed', async () => {
    const { stdout, exitCode } = await run('--all --dry-run', planned, { json: true });
    expect(JSON.parse(stdout).summary).toEqual({ refreshed: 0, skipped: 1, failed: 1, would_refresh: 1 });
    expect(exitCode).toBe(0);
  });
});
