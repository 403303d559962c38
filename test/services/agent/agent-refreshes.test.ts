import { describe, expect, it } from 'vitest';
import type { Account } from '../../../src/domain/account.js';
import type { RefreshOutcome } from '../../../src/domain/status.js';
import { sharedRefreshes } from '../../../src/services/agent/agent-refreshes.js';
import type { Vault } from '../../../src/vault/vault.js';
import { accountExample } from '../../doubles/account.js';

const VAULT = {} as Vault;
const ADA = accountExample({ id: 'id-ada' });
const GRACE = accountExample({ id: 'id-grace' });

/** Refreshes that end when they are told to. */
function slowRefreshes() {
  const begun: { readonly account: Account; readonly end: () => void }[] = [];
  const refresh = (_: Vault, account: Account) =>
    new Promise<RefreshOutcome>((resolve) => {
      begun.push({ account, end: () => resolve({ kind: 'refreshed', account }) });
    });
  return { begun, refresh };
}

describe('shared refreshes', () => {
  it('are one for one account, whoever asks and in whatever way', async () => {
    const { begun, refresh } = slowRefreshes();
    const shared = sharedRefreshes(() => {});
    const [check, request] = [shared.by(refresh), shared.by(refresh)];
    const both = [check(VAULT, ADA), request(VAULT, ADA)];
    expect(shared.underWay).toBe(1);
    begun[0]?.end();
    const [first, second] = await Promise.all(both);
    expect(first).toBe(second);
    expect(begun).toHaveLength(1);
    void request(VAULT, ADA);
    expect(begun).toHaveLength(2);
  });

  it('keep nobody waiting who has a token at hand, while others wait to the end', async () => {
    const { begun, refresh } = slowRefreshes();
    const shared = sharedRefreshes(() => {});
    const check = shared.by(refresh)(VAULT, ADA);
    const clock = { now: () => 0, elapsed: () => 0, sleep: async () => {} };
    const request = await shared.by(refresh, { clock, patience: 10_000 })(VAULT, ADA);
    expect(request).toMatchObject({ kind: 'busy', error: { code: 'busy' } });
    expect([begun.length, shared.underWay]).toEqual([1, 1]);
    begun[0]?.end();
    expect(await check).toMatchObject({ kind: 'refreshed' });
  });

  it('tell when none is under way any more, after a failure too', async () => {
    let idle = 0;
    const { begun, refresh } = slowRefreshes();
    const shared = sharedRefreshes(() => {
      idle += 1;
    });
    const ada = shared.by(refresh)(VAULT, ADA);
    const grace = shared.by(() => Promise.reject(new Error('no')))(VAULT, GRACE);
    await expect(grace).rejects.toThrow('no');
    expect([shared.underWay, idle]).toEqual([1, 0]);
    begun[0]?.end();
    await ada;
    expect([shared.underWay, idle]).toEqual([0, 1]);
  });
});
