import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DAY, HOUR, MINUTE } from '../../../src/domain/duration.js';
import { notSentWhileOpen } from '../../../src/services/refresh/open-refresh.js';
import type { RefreshRequest } from '../../../src/services/refresh/refresh-all.js';
import { type RefreshAllDeps, refreshAll } from '../../../src/services/refresh/refresh-all.js';
import { NOW } from '../../doubles/terminal.js';
import { type TestContext, testContext } from '../../harness/test-context.js';

type Refresh = RefreshAllDeps['refresh'];

let stage: TestContext;
beforeEach(async () => {
  stage = await testContext();
});
afterEach(() => stage.close());

const never: Refresh = () => Promise.reject(new Error('nothing must be refreshed here'));
const add = (label: string) => stage.add({ label });

function run(refresh: Refresh, request: Partial<RefreshRequest> = {}) {
  const deps = { ...stage.ctx, refresh };
  const times = { within: 7 * DAY, concurrency: 8 };
  const usual = { selectors: [], all: true, provider: null, force: false, dryRun: false };
  return refreshAll(deps, { ...times, ...usual, ...request }, () => {});
}

describe('refreshing all accounts while an earlier refresh is open', () => {
  it('skips an account with an open refresh while its access token works', async () => {
    const account = await add('a');
    const { refreshToken } = await stage.vault.contents(account);
    if (refreshToken === null) throw new Error('the example has a refresh token');
    await stage.vault.intend(account, refreshToken, NOW - MINUTE, 1);
    const error = notSentWhileOpen(account, { at: NOW - MINUTE }, NOW);
    const open: Refresh = async () => ({ kind: 'open', account, error });
    for (const { results } of [await run(open), await run(never, { dryRun: true })]) {
      expect(results).toMatchObject([{ outcome: 'skipped', error: null, openSince: NOW - MINUTE }]);
      expect(results[0]?.reason).toBe(
        'demo/a is not refreshed while its access token works; that token expires in 1h; the outcome of the refresh that began at 2026-03-01T11:59:00.000Z is open: no final answer came, and the provider may have replaced the refresh token',
      );
    }
    stage.clock.advance(2 * HOUR);
    const { results } = await run(never, { dryRun: true });
    expect(results).toMatchObject([{ outcome: 'would_refresh', reason: 'the access token expired 1h ago' }]);
  });

  it('plans a refresh for an unknown expiry one hour after the open refresh', async () => {
    const account = await stage.add({ label: 'a', expiresAt: null });
    const { refreshToken } = await stage.vault.contents(account);
    if (refreshToken === null) throw new Error('the example has a refresh token');
    await stage.vault.intend(account, refreshToken, NOW - 59 * MINUTE, 1);
    const before = await run(never, { dryRun: true });
    expect(before.results).toMatchObject([{ outcome: 'skipped', openSince: NOW - 59 * MINUTE }]);
    stage.clock.advance(MINUTE);
    expect((await run(never, { dryRun: true })).results).toMatchObject([{ outcome: 'would_refresh' }]);
  });

  it('records whether the user named the account and forced it', async () => {
    await add('a');
    const evenIfOpen: boolean[] = [];
    const asked: Refresh = async (_, account, force) => {
      evenIfOpen.push(force);
      return { kind: 'refreshed', account };
    };
    await run(asked, { force: true, all: false, selectors: ['demo/a'] });
    await run(asked, { force: true });
    await run(asked, { all: false, selectors: ['demo/a'] });
    expect(evenIfOpen).toEqual([true, false, false]);
  });
});
