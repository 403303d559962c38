import { afterEach, describe, expect, it } from 'vitest';
import { refreshAll } from '../../../src/services/refresh/refresh-all.js';
import { ensureValid } from '../../../src/services/token/token.js';
import { inTurn, renewed } from '../../doubles/token-endpoint.js';
import { type RefreshTest, refreshTest } from './refresh-test.js';

const ODD = { refresh_token: 'refresh\u0007token-example' };
const TOLD =
  /^demo\/alice@example\.com: the provider sent a new refresh token that cannot be used, .*vault login demo/;

let stage: RefreshTest;
const open = async (...answers: Parameters<typeof inTurn>) => {
  stage = await refreshTest(inTurn(...answers));
  return stage.addExpired();
};
afterEach(() => stage.close());

describe('an unusable new refresh token', () => {
  it('is not stored, and is the reason of the status until a good one comes', async () => {
    const account = await open(renewed(ODD), renewed());
    expect(await stage.refresh(account)).toMatchObject({ kind: 'refreshed' });
    expect(await stage.tokens(account)).toEqual({
      access: 'access-token-renewed',
      refresh: 'refresh-token-example',
    });
    expect(await stage.account(account)).toMatchObject({
      status: 'active',
      reason: expect.stringContaining('cannot be used'),
      lastError: 'provider_answer_invalid',
      failures: 0,
    });
    await stage.refresh(await stage.account(account));
    expect(await stage.account(account)).toMatchObject({ reason: null, lastError: null });
  });

  it('is reported beside the scopes that the answer lacks', async () => {
    const account = await open(renewed({ ...ODD, scope: 'openid' }));
    await stage.refresh(account);
    expect(await stage.account(account)).toMatchObject({
      status: 'insufficient_scope',
      reason: expect.stringMatching(/^not granted: email; the provider sent/),
    });
  });

  it('is reported to the caller of vault token', async () => {
    const account = await open(renewed(ODD));
    const deps = { ...stage.ctx, refresh: () => stage.refresh(account) };
    const request = { selector: 'demo', scopes: [], refresh: false, withIdentity: false, minValid: 0 };
    const given = await ensureValid(deps, request);
    expect(given.warning).toMatch(TOLD);
    expect((await ensureValid(deps, request)).warning).toBeNull();
  });

  it('is reported with the outcome of a refresh, and a good answer is not', async () => {
    await open(renewed(ODD), renewed());
    const request = { selectors: [], all: true, provider: null, within: 0, force: true, dryRun: false };
    const deps = {
      ...stage.ctx,
      refresh: (vault: typeof stage.vault, of: { id: string }) =>
        stage.account(of).then((account) => stage.refresh(account, { vault })),
    };
    const run = async () => (await refreshAll(deps, { ...request, concurrency: 1 }, () => {})).results[0];
    expect((await run())?.warning).toMatch(TOLD);
    expect(await run()).not.toHaveProperty('warning');
  });
});
