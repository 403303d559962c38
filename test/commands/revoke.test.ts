import { describe, expect, it } from 'vitest';
import { confirm, printRevocation, revoke } from '../../src/commands/revoke.js';
import { VaultError } from '../../src/domain/errors.js';
import type { RevokeRequest, RevokeResult, RevokeResultKind } from '../../src/services/revoke/revoke.js';
import { accountExample } from '../doubles/account.js';
import { type TerminalOptions, terminal } from '../doubles/terminal.js';
import { inputOf } from './raw.js';

const DEFAULTS: RevokeRequest = { selectors: [], all: false, provider: null, dryRun: false, local: false };

function result(label: string, outcome: RevokeResultKind, given: Partial<RevokeResult> = {}): RevokeResult {
  const account = accountExample({ label });
  return { account, outcome, reason: `reason of ${label}`, manageUrl: null, error: null, ...given };
}

/** The vault holds the accounts of the results. Null where nothing may be revoked. */
async function run(line: string, results: readonly RevokeResult[] | null, options: TerminalOptions = {}) {
  const { io, written } = terminal(options);
  const requests: RevokeRequest[] = [];
  const { request, yes } = await inputOf(revoke, line);
  const targets = async () => (results ?? [result('a', 'revoked')]).map((each) => each.account);
  async function act() {
    const confirmed = yes || request.dryRun ? request : await confirm(targets, request, io);
    if (results === null) throw new Error('nothing may be revoked here');
    requests.push(confirmed);
    printRevocation({ results }, request, io);
  }
  const failure = await act().then(
    () => null,
    (error: unknown) => error,
  );
  return { ...written, failure, exitCode: io.exitCode, requests };
}

const AWAY = new VaultError('network_failed', 'Google could not be reached', {
  hint: 'vault revoke google/b --local',
});

describe('vault revoke', () => {
  it.each([
    ['a b', { ...DEFAULTS, selectors: ['a', 'b'] }, false],
    ['--all --yes', { ...DEFAULTS, all: true }, true],
    ['--provider google --dry-run', { ...DEFAULTS, provider: 'google', dryRun: true }, false],
    ['a --local --yes', { ...DEFAULTS, selectors: ['a'], local: true }, true],
  ])('understands "%s"', async (line, request, yes) => {
    expect(await inputOf(revoke, line)).toEqual({ request, yes });
  });

  it.each([
    ['', 'name an account, or use --all or --provider'],
    ['a --all', 'name accounts, or use --all or --provider, but not both'],
  ])('refuses "%s"', async (line, message) => {
    await expect(inputOf(revoke, line)).rejects.toMatchObject({ code: 'usage', message });
  });
});

describe('before it revokes', () => {
  it('asks, and names the accounts', async () => {
    const { stderr } = await run('a', [result('a', 'revoked')], { tty: true, typed: 'y\n' });
    expect(stderr).toContain('Revoke google/a? Everything that uses it loses access. [y/N] ');
  });

  it('names at most ten of many', async () => {
    const many = Array.from({ length: 12 }, (_, index) => result(`u${index}`, 'revoked'));
    const { stderr } = await run('--all --local', many, { tty: true, typed: 'y\n' });
    expect(stderr).toContain('Revoke, or at least remove here, 12 accounts (google/u0, ');
    expect(stderr).toContain('google/u9 and 2 more)? Everything that uses them loses access. [y/N] ');
  });

  it('revokes exactly the confirmed accounts, not ones added since', async () => {
    const { requests } = await run('--all', [result('a', 'revoked'), result('b', 'revoked')], {
      tty: true,
      typed: 'y\n',
    });
    expect(requests).toEqual([{ ...DEFAULTS, selectors: ['google/a', 'google/b'] }]);
  });

  it.each([
    ['n\n', 'not confirmed, so nothing was revoked'],
    ['', 'stopped while asking'],
  ])('does nothing when the answer is %j', async (typed, message) => {
    const { failure, stdout, requests } = await run('a', null, { tty: true, typed });
    expect(failure).toMatchObject({ code: 'interrupted', message });
    expect(requests).toEqual([]);
    expect(stdout).toBe('');
  });

  it('does nothing without a terminal', async () => {
    const { failure } = await run('a', null, { typed: 'y\n' });
    expect(failure).toMatchObject({ code: 'usage', exitCode: 2, hint: expect.stringContaining('--yes') });
  });

  it.each(['--yes', '--dry-run'])('does not ask with %s', async (option) => {
    const { requests, failure } = await run(`a ${option}`, [result('a', 'would_revoke')]);
    expect(requests).toEqual([{ ...DEFAULTS, selectors: ['a'], dryRun: option === '--dry-run' }]);
    expect(failure).toBeNull();
  });
});

describe('after it has revoked', () => {
  it('prints each result, and where to revoke without support of the provider', async () => {
    const forgotten = result('b', 'forgotten', { manageUrl: 'https://account.example.com/apps' });
    expect(await run('--all --yes', [result('a', 'revoked'), forgotten])).toMatchObject({
      stdout: '',
      stderr: `google/a: reason of a
google/b: reason of b
  revoke the grant itself at https://account.example.com/apps
`,
      failure: null,
    });
  });

  it('fails with the error of the only account', async () => {
    expect((await run('b --yes', [result('b', 'transient', { error: AWAY })])).failure).toBe(AWAY);
    expect((await run('b --yes', [result('b', 'refused')])).failure).toMatchObject({
      code: 'client_refused',
    });
  });

  it('continues after a failure, reports it at the end and exits with 8', async () => {
    const { stderr, failure } = await run('--all --yes', [
      result('b', 'transient', { error: AWAY }),
      result('a', 'revoked'),
    ]);
    expect(stderr).toBe(
      'google/a: reason of a\ngoogle/b: reason of b\n  hint: vault revoke google/b --local\n',
    );
    expect(failure).toMatchObject({ code: 'some_failed', message: '1 of 2 accounts could not be revoked' });
  });

  it('prints a line when there is no account', async () => {
    expect(await run('--all --yes', [])).toMatchObject({
      stderr: 'there is no account to revoke\n',
      failure: null,
    });
  });

  it('is one document with --json', async () => {
    const results = [
      result('a', 'revoked'),
      result('b', 'transient', { error: AWAY, manageUrl: 'https://example.com/' }),
    ];
    const { stdout, stderr, exitCode } = await run('--all --yes', results, { json: true });
    expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 8 });
    expect(JSON.parse(stdout)).toEqual({
      results: [
        { account: 'google/a', outcome: 'revoked', reason: 'reason of a', manage_url: null, error: null },
        {
          account: 'google/b',
          outcome: 'transient',
          reason: 'reason of b',
          manage_url: 'https://example.com/',
          error: {
            code: 'network_failed',
            message: 'Google could not be reached',
            hint: 'vault revoke google/b --local',
            exit_code: 5,
          },
        },
      ],
    });
  });

  it('shows a table for a dry run', async () => {
    const { stdout, stderr } = await run('--all --dry-run', [result('a', 'would_revoke')]);
    expect(stdout).toBe('ACCOUNT   OUTCOME           WHY\ngoogle/a  would be revoked  reason of a\n');
    expect(stderr).toBe('');
  });
});
