import type { Account } from '../../domain/account.js';
import type { RefreshOutcome } from '../../domain/outcome.js';
import type { Vault } from '../../vault/vault.js';

type Refresh = (vault: Vault, account: Account) => Promise<RefreshOutcome>;

/** The refreshes of one process, of which two of one account are one. */
export interface SharedRefreshes {
  /** Who asks for an account that is being refreshed gets the outcome of that refresh. */
  by(refresh: Refresh): Refresh;
  readonly underWay: number;
}

/** @param idle called when none is under way any more */
export function sharedRefreshes(idle: () => void): SharedRefreshes {
  const underWay = new Map<string, Promise<RefreshOutcome>>();
  return {
    by: (refresh) => (vault, account) => {
      const present = underWay.get(account.id);
      if (present !== undefined) return present;
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
