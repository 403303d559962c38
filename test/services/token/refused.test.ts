import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MINUTE } from '../../../src/domain/duration.js';
import { Secret } from '../../../src/domain/secret.js';
import type { RefreshOutcome } from '../../../src/domain/status.js';
import { digestOf } from '../../../src/services/token/refused.js';
import { ensureValid } from '../../../src/services/token/token.js';
import { NOW } from '../../doubles/terminal.js';
import { EXPIRED, type TestContext, testContext } from '../../harness/test-context.js';
import { REQUEST, type Refresh, renewing as renewingIn } from './asking.js';

let stage: TestContext;
let refreshes: number;
beforeEach(async () => {
  stage = await testContext();
  refreshes = 0;
});
afterEach(() => stage.close());

const renewing: Refresh = (...args) => {
  refreshes += 1;
  return renewingIn(stage, {}, `renewed-${refreshes}`)(...args);
};

/** What a caller gets whose token was refused. */
async function given(refused: string, refresh: Refresh = renewing) {
  const request = { ...REQUEST, refused: digestOf(new Secret(refused)) };
  const { accessToken } = await ensureValid({ ...stage.ctx, refresh }, request);
  return accessToken.reveal();
}

describe('a token that was refused', () => {
  it('is refreshed if it is still the stored one', async () => {
    await stage.add();
    expect([await given('access-token-example'), refreshes]).toEqual(['renewed-1', 1]);
  });

  it('is replaced by the stored one if that is another', async () => {
    await stage.add();
    expect([await given('an-older-token'), refreshes]).toEqual(['access-token-example', 0]);
  });

  it('leads to a refresh of the stored one if that has expired', async () => {
    await stage.add(EXPIRED);
    expect([await given('an-older-token'), refreshes]).toEqual(['renewed-1', 1]);
  });

  it('is not returned if only the name of its account has changed', async () => {
    await stage.add();
    let renamed = false;
    const refresh: Refresh = async (vault, account, fallback): Promise<RefreshOutcome> => {
      if (renamed) return renewing(vault, account, fallback);
      renamed = true;
      const current = await stage.account(account);
      const changed = await vault.update(current, { label: 'work' }, await vault.contents(current));
      return { kind: 'adopted', account: changed ?? current };
    };
    expect([await given('access-token-example', refresh), refreshes]).toEqual(['renewed-1', 1]);
  });

  it('is not refreshed while the provider is to be left alone', async () => {
    await stage.add({ failures: 3, retryAt: NOW + MINUTE });
    await expect(given('access-token-example')).rejects.toMatchObject({
      code: 'provider_unavailable',
      hint: expect.stringContaining('vault token demo/alice@example.com --refresh'),
    });
    expect(refreshes).toBe(0);
  });

  it('is not returned if its refresh fails', async () => {
    await stage.add();
    const failing: Refresh = () => Promise.reject(new Error('the provider does not answer'));
    await expect(given('access-token-example', failing)).rejects.toThrow('the provider does not answer');
  });
});
