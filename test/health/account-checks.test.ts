import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DAY, HOUR } from '../../src/domain/duration.js';
import { type HealthTest, healthTest, told } from './health-test.js';

let stage: HealthTest;
beforeEach(async () => {
  stage = await healthTest();
});
afterEach(() => stage.close());

describe('accounts', () => {
  const cases: readonly [string, Parameters<HealthTest['add']>[0], string, string | null][] = [
    [
      'login_needed',
      { status: 'login_needed', reason: 'the grant was revoked' },
      'problem',
      'vault login demo',
    ],
    [
      'failing',
      { status: 'failing', failures: 4, reason: 'status 503' },
      'problem',
      'vault refresh demo/alice@example.com --force',
    ],
    ['a grant that has ended', { grantExpiresAt: 1 }, 'problem', 'vault login demo'],
    ['a grant that ends soon', { grantExpiresAt: -2 * DAY }, 'warning', 'vault login demo'],
    [
      'scopes that are missing',
      { status: 'insufficient_scope', askedScopes: ['a', 'b'], grantedScopes: ['a'] },
      'warning',
      '--add-scope b',
    ],
  ];
  it.each(cases)('with %s are told, with the command that helps', async (_, facts = {}, status, remedy) => {
    const { grantExpiresAt: end } = facts;
    const grantExpiresAt = typeof end === 'number' && end < 0 ? stage.clock.now() - end : (end ?? null);
    await stage.add({ ...facts, grantExpiresAt });
    const [finding, ...more] = (await stage.examine())['grants'] ?? [];
    expect(finding).toMatchObject({ status, account: 'demo/alice@example.com' });
    expect(finding?.remedy).toContain(remedy);
    expect(more).toEqual([]);
  });

  it('that are refused repeatedly are reported with the code and missing scopes', async () => {
    const reason = 'Demo refuses this client (invalid_client)';
    const scopes = { askedScopes: ['a', 'b'], grantedScopes: ['a'] };
    await stage.add({ status: 'failing', failures: 4, reason, lastError: 'client_refused', ...scopes });
    const identity = { subject: 'subject-2', email: null, name: null, details: {} };
    await stage.add({ label: 'bob' }, { identity });
    const found = (await stage.examine())['grants'] ?? [];
    expect(told(found)).toEqual([
      'ok: 1 account works',
      `problem: demo/alice@example.com failed 4 times in a row: ${reason}`,
      'warning: demo/alice@example.com lacks requested scopes: not granted: b',
    ]);
    expect(found[1]).toMatchObject({ code: 'client_refused' });
  });

  it.each([
    ['needs a new login: the provider Demo no longer accepts the refresh token of this account'],
    ['probably needs a new login: Demo refuses to refresh it'],
  ])('that need a login are reported once: %s', async (known) => {
    const reason = `demo/alice@example.com ${known}`;
    await stage.add({ status: 'login_needed', reason });
    expect(told((await stage.examine())['grants'])).toEqual([`problem: ${reason}`]);
  });

  it('that lack an overlong scope are reported with a command that prints it', async () => {
    const long = 's'.repeat(10_000);
    const facts = { status: 'insufficient_scope', reason: `not granted: ${long}` } as const;
    await stage.add({ ...facts, askedScopes: [long], grantedScopes: [] });
    const [finding] = (await stage.examine())['grants'] ?? [];
    expect(finding?.message).toMatch(/^demo\/alice@example\.com lacks .*: not granted: s{119}…$/);
    expect(finding?.remedy).toMatch(/: vault show demo\/alice@example\.com --json$/);
  });

  it('whose grant ended before are reported with its likely end', async () => {
    const account = await stage.add({ provider: 'google', grantedScopes: [], askedScopes: [] });
    const consent = (daysAgo: number) => ({
      at: stage.clock.now() - daysAgo * DAY,
      how: 'browser' as const,
      askedScopes: [],
      grantedScopes: [],
    });
    await stage.vault.addConsent(account.id, consent(12));
    expect((await stage.examine())['grants']?.[0]).toMatchObject({ status: 'ok' });
    await stage.vault.addConsent(account.id, consent(5));
    const [finding] = (await stage.examine())['grants'] ?? [];
    expect(finding).toMatchObject({
      status: 'warning',
      message: expect.stringMatching(/probably expires in 2d: .*"Testing"/),
    });
    stage.configure({ providers: { google: 'broken' } });
    expect((await stage.examine())['grants']?.[0]).toMatchObject({ status: 'ok' });
  });

  it('without problems are counted in one line', async () => {
    await stage.add();
    expect(told((await stage.examine())['grants'])).toEqual(['ok: 1 account works']);
  });

  it('without a refresh token are a warning, and a problem once expired', async () => {
    await stage.add({}, { refreshToken: null });
    expect((await stage.examine())['grants']?.[0]).toMatchObject({ status: 'warning' });
    stage.clock.advance(2 * HOUR);
    expect((await stage.examine())['grants']?.[0]).toMatchObject({ status: 'problem', code: 'login_needed' });
  });
});

describe('the scheduler', () => {
  /** What `crontab -l` prints here. */
  function crontab(text: string): void {
    const folder = join(stage.folder, 'bin');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'crontab'), `#!/bin/sh\ncat <<'END'\n${text}\nEND\n`);
    chmodSync(join(folder, 'crontab'), 0o755);
    stage.env['PATH'] = `${folder}:/usr/bin:/bin`;
  }
  const found = async (over = {}) => told((await stage.examine(over))['scheduler']);

  it('is not required while there is nothing to refresh', async () => {
    crontab('');
    expect(await found()).toEqual(['skipped: there are no accounts yet']);
  });

  it('is suggested where nothing refreshes', async () => {
    await stage.add();
    crontab('# 0 4 * * * vault refresh --all\n0 5 * * * echo hello');
    const [finding] = (await stage.examine())['scheduler'] ?? [];
    expect(finding).toMatchObject({ status: 'skipped', remedy: 'vault schedule' });
  });

  it('is recognised in an agent that runs, in a crontab, and in a unit of systemd', async () => {
    await stage.add();
    crontab('');
    const agentPid = async () => 4711;
    expect(await found({ agentPid })).toEqual(['ok: the agent is running (process 4711)']);
    crontab('0 4 * * * vault refresh --all --days 3');
    expect(await found()).toEqual(['ok: a line in the crontab refreshes tokens']);
    crontab('');
    const units = join(stage.folder, '.config', 'systemd', 'user');
    mkdirSync(units, { recursive: true });
    writeFileSync(join(units, 'token-vault-refresh.timer'), `# token-vault refresh: ${stage.folder}\n`);
    expect(await found()).toEqual(['ok: a timer refreshes tokens']);
  });
});
