import type { Account } from '../../domain/account.js';
import { VaultError } from '../../domain/errors.js';
import type { RefreshOutcome } from '../../domain/status.js';
import type { Clock } from '../../system/contract.js';
import type { Vault } from '../../vault/vault.js';
import { patienceEnds } from '../refresh/slow-refresh.js';

type Refresh = (vault: Vault, account: Account) => Promise<RefreshOutcome>;

export interface Limit {
  readonly clock: Clock;
  /** Milliseconds. */
  readonly patience: number;
}

/** The refreshes of one process, of which two of one account are one. */
export interface SharedRefreshes {
  /**
   * Who asks for an account that is being refreshed gets the outcome of that refresh.
   *
   * @param limit for how long that is waited for; left out: as long as it takes
   */
  by(refresh: Refresh, limit?: Limit): Refresh;
  readonly underWay: number;
}

/** @param idle called when none is under way any more */
export function sharedRefreshes(idle: () => void): SharedRefreshes {
  const underWay = new Map<string, Promise<RefreshOutcome>>();
  return {
    by: (refresh, limit) => (vault, account) => {
      const present = underWay.get(account.id);
      if (present !== undefined) return limit === undefined ? present : atMost(limit, present, account);
      const begun = refresh(vault, account).finally(() => {
        underWay.delete(account.id);
        if (underWay.size === 0) idle();
      });
      underWay.set(account.id, begun);
      return begun;
    },
    get underWay() {
      return underWay.size;
    },
  };
}

async function atMost({ clock, patience }: Limit, refresh: Promise<RefreshOutcome>, account: Account) {
  const over = new AbortController();
  try {
    const outcome = await Promise.race([refresh, patienceEnds(clock, account, patience, over.signal)]);
    return outcome instanceof VaultError ? ({ kind: 'busy', account, error: outcome } as const) : outcome;
  } finally {
    over.abort();
  }
}
