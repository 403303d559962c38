import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { accountName } from '../../../src/domain/account.js';
import { DAY, HOUR, MINUTE } from '../../../src/domain/duration.js';
import { VaultError } from '../../../src/domain/errors.js';
import type { RefreshRequest, RefreshResult } from '../../../src/services/refresh/refresh-all.js';
import { type RefreshAllDeps, refreshAll } from '../../../src/services/refresh/refresh-all.js';
import type { AccountFacts, Contents } from '../../../src/vault/sealed-account.js';
import { NOW } from '../../doubles/terminal.js';
import { ALICE, EXPIRED, type TestContext, testContext } from '../../harness/test-context.js';

type Refresh = RefreshAllDeps['refresh'];

let stage: TestContext;
beforeEach(async () => {
  stage = await testContext();
});
afterEach(() => stage.close());

const never: Refresh = () => Promise.reject(new Error('nothing must be refreshed here'));
const refreshed: Refresh = async (_, account) => ({ kind: 'refreshed', account });

const add = (label: string, facts: Partial<AccountFacts> = {}, contents: Partial<Contents> = {}) =>
  stage.add({ label, ...facts }, { identity: { ...ALICE, subject: label }, ...contents });

function run(
  refresh: Refresh,
  request: Partial<RefreshRequest> = {},
  more: Partial<Pick<RefreshAllDeps, 'vault' | 'interruption'>> & {
    readonly progress?: (result: RefreshResult, done: number, total: number) => void;
  } = {},
) {
  const { progress = () => {}, ...over } = more;
  const deps = {
    ...stage.ctx,
    refresh,
    ...over,
  };
  const usual = {
    selectors: [],
    all: true,
    provider: null,
    within: 7 * DAY,
    force: false,
    dryRun: false,
    concurrency: 8,
  };
  return refreshAll(deps, { ...usual, ...request }, progress);
}

const told = ({ results }: { readonly results: readonly RefreshResult[] }) =>
  results.map(({ account, outcome, reason }) => `${account.label}: ${outcome}: ${reason}`);

/** One of every kind. */
async function assorted(): Promise<void> {
  await add('a-due');
  await add('b-later', { expiresAt: NOW + 30 * DAY });
  await add('c-endless', { expiresAt: null });
  await add('d-grant', { expiresAt: NOW + 30 * DAY, grantExpiresAt: NOW + DAY });
  await add('e-rests', { ...EXPIRED, status: 'login_needed', reason: 'demo no longer accepts it' });
  await add('f-bare', {}, { refreshToken: null });
  await add('g-bare-ended', EXPIRED, { refreshToken: null });
  await add('h-bare-endless', { expiresAt: null }, { refreshToken: null });
}

const WHAT_HAPPENS = (doing: string) => [
  `a-due: ${doing}: the access token expires in 1h`,
  'b-later: skipped: not due: the access token expires in 30d',
  `c-endless: ${doing}: the expiry of its access token is unknown`,
  `d-grant: ${doing}: the grant expires in 1d`,
  'e-rests: login_needed: skipped until a new login',
  'f-bare: skipped: the access token expires in 1h, and there is no refresh token',
  'g-bare-ended: login_needed: the access token expired 1h ago, and there is no refresh token',
  'h-bare-endless: skipped: the expiry of its access token is unknown, and there is no refresh token',
];

describe('refreshing due accounts', () => {
  it('refreshes tokens that end in time or have ended, and explains the rest', async () => {
    await assorted();
    expect(told(await run(refreshed))).toEqual(WHAT_HAPPENS('refreshed'));
  });

  it('names the login for an account that needs one', async () => {
    await assorted();
    const { results } = await run(refreshed);
    expect(
      results.filter(({ outcome }) => outcome === 'login_needed').map(({ error }) => error),
    ).toMatchObject([
      { code: 'login_needed', message: 'demo no longer accepts it', hint: 'vault login demo/e-rests' },
      {
        code: 'login_needed',
        message: 'demo/g-bare-ended has no refresh token: the access token expired 1h ago',
        hint: 'vault login demo/g-bare-ended',
      },
    ]);
  });

  it('uses the given time for due', async () => {
    await add('a', { expiresAt: NOW + HOUR });
    expect(told(await run(never, { within: 59 * MINUTE }))).toEqual([
      'a: skipped: not due: the access token expires in 1h',
    ]);
    expect(told(await run(refreshed, { within: HOUR }))).toEqual([
      'a: refreshed: the access token expires in 1h',
    ]);
  });

  it('refreshes undue accounts with --force, but none that cannot be refreshed', async () => {
    await assorted();
    const outcomes = told(await run(refreshed, { force: true }));
    expect(outcomes).toEqual(
      WHAT_HAPPENS('refreshed').with(1, 'b-later: refreshed: forced, though the access token expires in 30d'),
    );
  });

  it('is limited to the named accounts, or those of one provider', async () => {
    await add('a');
    await add('b', { provider: 'other' });
    expect(told(await run(refreshed, { all: false, provider: 'other' }))).toHaveLength(1);
    expect(told(await run(refreshed, { all: false, selectors: ['demo', 'oth', 'other/b'] }))).toHaveLength(2);
    await add('c');
    await expect(run(refreshed, { selectors: ['demo'] })).rejects.toMatchObject({
      code: 'account_ambiguous',
      hint: 'name one of them, for example: vault refresh demo/a\nor choose the one to take: vault default demo/a',
    });
  });

  it('does nothing without a vault', async () => {
    expect(await run(never, {}, { vault: async () => null })).toEqual({ results: [] });
  });
});

describe('a dry run', () => {
  it('reports the same, sends nothing and writes nothing', async () => {
    await assorted();
    const before = readFileSync(stage.paths.database);
    expect(told(await run(never, { dryRun: true }))).toEqual(WHAT_HAPPENS('would_refresh'));
    expect(told(await run(never, { dryRun: true, force: true }))[1]).toBe(
      'b-later: would_refresh: forced, though the access token expires in 30d',
    );
    expect(readFileSync(stage.paths.database).equals(before)).toBe(true);
  });
});

describe('refreshing several accounts', () => {
  const names = ['a', 'b', 'c', 'd', 'e', 'f'];
  beforeEach(async () => {
    for (const name of names) await add(name);
  });

  it('prepares four accounts for each request at a time', async () => {
    let now = 0;
    let most = 0;
    const counting: Refresh = async (_, account) => {
      now += 1;
      most = Math.max(most, now);
      await new Promise((resolve) => setTimeout(resolve, 5));
      now -= 1;
      return { kind: 'refreshed', account };
    };
    const { results } = await run(counting, { concurrency: 1 });
    expect(most).toBe(4);
    expect(results.map(({ account }) => account.label)).toEqual(names);
  });

  it('continues if one fails in any way', async () => {
    const error = new VaultError('network_failed', 'demo could not be reached');
    const thrown = new VaultError('binding_changed', 'the client id is another');
    const mixed: Refresh = async (_, account) => {
      if (account.label === 'a') throw thrown;
      if (account.label === 'b') return { kind: 'transient', account, error };
      if (account.label === 'c') return { kind: 'busy', account, error };
      if (account.label === 'd') return { kind: 'refused', account, error };
      if (account.label === 'e') return { kind: 'adopted', account };
      return { kind: 'refreshed', account };
    };
    const { results } = await run(mixed);
    expect(results.map(({ outcome, reason, error: failed }) => [outcome, reason, failed])).toEqual([
      ['error', 'the client id is another', thrown],
      ['transient', 'demo could not be reached', error],
      ['busy', 'demo could not be reached', error],
      ['refused', 'demo could not be reached', error],
      ['skipped', 'another process refreshed it meanwhile', null],
      ['refreshed', 'the access token expires in 1h', null],
    ]);
  });

  it('finishes all others before a bug ends it', async () => {
    let finished = 0;
    const buggy: Refresh = async (_, account) => {
      if (account.label === 'a') throw new TypeError('a bug');
      await new Promise((resolve) => setTimeout(resolve, 5));
      finished += 1;
      return { kind: 'refreshed', account };
    };
    await expect(run(buggy, { concurrency: 2 })).rejects.toThrow(TypeError);
    expect(finished).toBe(5);
  });

  it('reports each when it is done', async () => {
    const steps: string[] = [];
    const slowFirst: Refresh = async (_, account) => {
      await new Promise((resolve) => setTimeout(resolve, account.label === 'a' ? 40 : 1));
      return { kind: 'refreshed', account };
    };
    const { results } = await run(
      slowFirst,
      {},
      {
        progress: ({ account }, done, total) => steps.push(`${account.label} ${done}/${total}`),
      },
    );
    expect(steps).toHaveLength(6);
    expect(steps.at(-1)).toBe('a 6/6');
    expect(steps.map((step) => step.slice(2))).toEqual(['1/6', '2/6', '3/6', '4/6', '5/6', '6/6']);
    expect(results.map(({ account }) => accountName(account))[0]).toBe('demo/a');
  });

  it('finishes running ones after an interruption, and begins no new ones', async () => {
    const controller = new AbortController();
    const interrupted: Refresh = async (_, account) => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      controller.abort(new VaultError('interrupted', 'interrupted'));
      await new Promise((resolve) => setTimeout(resolve, 5));
      return { kind: 'refreshed', account };
    };
    const { results } = await run(interrupted, { concurrency: 1 }, { interruption: controller.signal });
    expect(results.map(({ account, outcome }) => [account.label, outcome])).toEqual([
      ['a', 'refreshed'],
      ['b', 'refreshed'],
      ['c', 'refreshed'],
      ['d', 'refreshed'],
    ]);
  });

  it('does nothing if it was interrupted before it began', async () => {
    const { results } = await run(never, {}, { interruption: AbortSignal.abort() });
    expect(results).toEqual([]);
  });
});
