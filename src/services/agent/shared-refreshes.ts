import { refreshTimeout } from '../../access/refresher-client.js';
import type { Account } from '../../domain/account.js';
import { VaultError } from '../../domain/errors.js';
import type { RefreshOutcome } from '../../domain/status.js';
import type { Clock } from '../../system/contract.js';
import type { Vault } from '../../vault/vault.js';

type Refresh = (vault: Vault, account: Account) => Promise<RefreshOutcome>;

export interface Limit {
  readonly clock: Clock;
  /** Milliseconds. */
  readonly timeout: number;
}

/** One refresh at a time per account within this process. */
export interface SharedRefreshes {
  /**
   * A call for an account that is being refreshed returns the outcome of that refresh.
   *
   * @param limit how long it waits for that; default: as long as it takes
   */
  by(refresh: Refresh, limit?: Limit): Refresh;
  readonly inFlight: number;
}

/** @param idle called when none is in flight any more */
export function sharedRefreshes(idle: () => void): SharedRefreshes {
  const refreshes = new Map<string, Promise<RefreshOutcome>>();
  return {
    by: (refresh, limit) => (vault, account) => {
      const running = refreshes.get(account.id);
      if (running !== undefined) return limit === undefined ? running : atMost(limit, running, account);
      const begun = refresh(vault, account).finally(() => {
        refreshes.delete(account.id);
        if (refreshes.size === 0) idle();
      });
      refreshes.set(account.id, begun);
      return begun;
    },
    get inFlight() {
      return refreshes.size;
    },
  };
}

async function atMost({ clock, timeout }: Limit, refresh: Promise<RefreshOutcome>, account: Account) {
  const over = new AbortController();
  try {
    const outcome = await Promise.race([refresh, refreshTimeout(clock, account, timeout, over.signal)]);
    return outcome instanceof VaultError ? ({ kind: 'busy', account, error: outcome } as const) : outcome;
  } finally {
    over.abort();
  }
}
