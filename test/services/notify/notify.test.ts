import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DAY, HOUR, MINUTE } from '../../../src/domain/duration.js';
import { google } from '../../../src/providers/google.js';
import { deliver, type NotifyContext } from '../../../src/services/notify/notify.js';
import type { BoundedEnd } from '../../../src/system/processes/child.js';
import { NOW } from '../../doubles/terminal.js';
import { ALICE, type TestContext, testContext } from '../../harness/test-context.js';

let stage: TestContext;
let told: Record<string, unknown>[];
let warnings: string[];
let end: BoundedEnd;
beforeEach(async () => {
  stage = await testContext();
  told = [];
  warnings = [];
  end = { kind: 'ended', exitCode: 0, stdout: Buffer.alloc(0), stderr: '' };
});
afterEach(() => stage.close());

const context = (over: Partial<NotifyContext> = {}): NotifyContext => ({
  ...stage.ctx,
  paths: { ...stage.paths, data: '/srv/vault', profile: null },
  providerOrNull: async () => google,
  notice: (line) => void warnings.push(line),
  ...over,
});

const notifyDue = (over: Partial<NotifyContext> = {}, how: () => BoundedEnd = () => end) =>
  deliver(context(over), ['tell', '--me'], async (_, input) => {
    told.push(JSON.parse(input));
    return how();
  });

const add = (label: string, facts: Parameters<TestContext['add']>[0] = {}) =>
  stage.add({ label, ...facts }, { identity: { ...ALICE, subject: label } });
const NEEDED = {
  status: 'login_needed',
  reason: 'the provider no longer accepts it',
  updatedAt: NOW - HOUR,
} as const;
const FAILING = { status: 'failing', reason: 'no network', failures: 3 } as const;
const names = () => told.map(({ event, account, reminder }) => [event, account, reminder]);

/** As a login or a refresh leaves it. */
async function heal(label: string): Promise<void> {
  const account = (await stage.vault.accounts()).find((each) => each.label === label);
  if (account === undefined) throw new Error('no such account');
  const well = { status: 'active', reason: null, lastError: null, failures: 0, retryAt: null } as const;
  await stage.vault.recordAttempt(account, { ...well, updatedAt: stage.clock.now(), settled: true });
}

async function fail(label: string, facts: typeof NEEDED | typeof FAILING): Promise<void> {
  const account = (await stage.vault.accounts()).find((each) => each.label === label);
  if (account === undefined) throw new Error('no such account');
  const attempt = { lastError: 'login_needed', failures: 3, retryAt: null, settled: true };
  await stage.vault.recordAttempt(account, { ...attempt, ...facts, updatedAt: stage.clock.now() });
}

describe('the notify command', () => {
  it('gets an event on its stdin, whose members are an API', async () => {
    await add('alice', NEEDED);
    expect(await notifyDue()).toBe(1);
    expect(told).toEqual([
      {
        event: 'login_needed',
        account: 'demo/alice',
        provider: 'demo',
        reason: 'the provider no longer accepts it',
        hint: 'vault login demo/alice',
        since: new Date(NOW - HOUR).toISOString(),
        ends_at: null,
        reminder: false,
        profile: null,
        vault: '/srv/vault',
        time: new Date(NOW).toISOString(),
      },
    ]);
    expect(stage.events).toMatchObject([{ event: 'notified', about: 'login_needed', reminder: false }]);
  });

  it('gets a hint that names the profile', async () => {
    await add('alice', NEEDED);
    await notifyDue({ paths: { ...stage.paths, data: '/srv/vault', profile: 'work' } });
    expect(told[0]).toMatchObject({ profile: 'work', hint: 'vault --profile work login demo/alice' });
  });

  it('is run once for each event, and again each day while it lasts', async () => {
    await add('a', NEEDED);
    await add('b', FAILING);
    await add('c');
    expect([await notifyDue(), await notifyDue()]).toEqual([2, 0]);
    stage.clock.advance(DAY - 1);
    expect(await notifyDue()).toBe(0);
    await heal('b');
    stage.clock.advance(1);
    expect(await notifyDue()).toBe(1);
    stage.clock.advance(DAY);
    expect(await notifyDue()).toBe(1);
    expect(names()).toEqual([
      ['login_needed', 'demo/a', false],
      ['failing', 'demo/b', false],
      ['login_needed', 'demo/a', true],
      ['login_needed', 'demo/a', true],
    ]);
    expect(told.at(-1)).toMatchObject({ since: new Date(NOW - HOUR).toISOString() });
  });

  it('is run for the next event after the account was active again', async () => {
    await add('a', NEEDED);
    await notifyDue();
    await heal('a');
    expect(await notifyDue()).toBe(0);
    await fail('a', NEEDED);
    expect(await notifyDue()).toBe(1);
    expect(told.at(-1)).toMatchObject({ reminder: false });
  });

  it('is run for a different event of the same account', async () => {
    await add('a', FAILING);
    await notifyDue();
    await fail('a', NEEDED);
    await notifyDue();
    expect(names().map(([event]) => event)).toEqual(['failing', 'login_needed']);
    expect(await stage.vault.notifications.all()).toHaveLength(1);
  });

  it('is run by one of many processes', async () => {
    await add('a', NEEDED);
    const vaults = await Promise.all(Array.from({ length: 8 }, () => stage.another()));
    const counts = await Promise.all(vaults.map((vault) => notifyDue({ vault: async () => vault })));
    expect(counts.reduce((sum, count) => sum + count)).toBe(1);
    expect(told).toHaveLength(1);
  });

  it('is not silenced for ever by a clock that was ahead', async () => {
    await add('a', NEEDED);
    stage.clock.advance(300 * DAY);
    await notifyDue();
    stage.clock.advance(-300 * DAY);
    expect(await notifyDue()).toBe(1);
  });

  it('is not run without a vault', async () => {
    expect(await notifyDue({ vault: async () => null })).toBe(0);
  });
});

describe('a notify command that fails', () => {
  it.each([
    [{ kind: 'not_started', code: 'ENOENT' }, 'not_found', 'does not exist'],
    [{ kind: 'not_started', code: 'EACCES' }, 'not_executable', 'cannot be run'],
    [{ kind: 'timed_out' }, 'timed_out', 'did not end in time and was killed'],
    [
      { kind: 'ended', exitCode: 3, stdout: Buffer.alloc(0), stderr: '' },
      'failed',
      'failed with exit code 3',
    ],
  ] as const)(
    'is told in one line and one entry, however many events there are: %j',
    async (how, why, says) => {
      end = how;
      await add('a', NEEDED);
      await add('b', NEEDED);
      expect(await notifyDue()).toBe(0);
      expect(warnings).toEqual([
        `the notify command ${says}; not sent: demo/a: login needed; it is retried later`,
      ]);
      expect(stage.events).toMatchObject([{ event: 'notify_failed', about: 'login_needed', why }]);
      expect(told).toHaveLength(1);
    },
  );

  it('is tried again, but not by every command in the next minutes', async () => {
    await add('a', NEEDED);
    end = { kind: 'timed_out' };
    await notifyDue();
    await notifyDue();
    expect(told).toHaveLength(1);
    stage.clock.advance(5 * MINUTE);
    end = { kind: 'ended', exitCode: 0, stdout: Buffer.alloc(0), stderr: '' };
    expect(await notifyDue()).toBe(1);
    expect(told.at(-1)).toMatchObject({ reminder: false });
  });

  it('is not reported after an interruption', async () => {
    await add('a', NEEDED);
    const calledOff = new AbortController();
    await notifyDue({ interruption: calledOff.signal }, () => {
      calledOff.abort();
      return { kind: 'timed_out' };
    });
    expect(warnings).toEqual([]);
  });
});

describe('the end of a grant', () => {
  it('is notified two days before, and again after a renewal', async () => {
    const account = await add('a', { grantExpiresAt: NOW + 7 * DAY });
    stage.clock.advance(5 * DAY - 1);
    expect(await notifyDue()).toBe(0);
    stage.clock.advance(1);
    expect(await notifyDue()).toBe(1);
    expect(told[0]).toMatchObject({
      event: 'grant_ending',
      ends_at: new Date(NOW + 7 * DAY).toISOString(),
      since: new Date(NOW + 5 * DAY).toISOString(),
    });
    const current = await stage.account(account);
    await stage.vault.update(
      current,
      { grantExpiresAt: NOW + 12 * DAY },
      await stage.vault.contents(current),
    );
    expect(await notifyDue()).toBe(0);
    stage.clock.advance(5 * DAY);
    expect(await notifyDue()).toBe(1);
  });

  it('is notified once if each refresh moves it by a day', async () => {
    const account = await add('a', { grantExpiresAt: NOW + DAY });
    expect(await notifyDue()).toBe(1);
    for (let day = 1; day < 6; day += 1) {
      stage.clock.advance(DAY - MINUTE);
      const current = await stage.account(account);
      const grantExpiresAt = stage.clock.now() + DAY;
      await stage.vault.update(current, { grantExpiresAt }, await stage.vault.contents(current));
      expect(await notifyDue()).toBe(0);
    }
  });

  it('is estimated if the grant before it ended after seven days', async () => {
    const { id } = await add('a');
    const consent = { how: 'browser', askedScopes: [], grantedScopes: [] } as const;
    await stage.vault.addConsent(id, { at: NOW - 12 * DAY, ...consent });
    await stage.vault.addConsent(id, { at: NOW - 5 * DAY, ...consent });
    expect(await notifyDue()).toBe(1);
    expect(told[0]).toMatchObject({ event: 'grant_ending', reason: expect.stringContaining('Testing') });
    stage.clock.advance(3 * DAY);
    expect(await notifyDue()).toBe(0);
    expect(await stage.vault.notifications.all()).toEqual([]);
  });
});

it('the notify command gets a line that is safe for a terminal or mail', async () => {
  const reason = 'a\u009b31mb\u202ec\u2028d\u3164e';
  await stage.add({ label: 'alice', status: 'login_needed', reason });
  const lines: string[] = [];
  await deliver(context(), ['tell'], async (_, input) => {
    lines.push(input);
    return end;
  });
  expect(lines).toEqual([expect.stringMatching(/^[\x20-\x7e]+\n$/)]);
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ reason });
});
