import type { Abuse } from '../../audit/abuse.js';
import type { Account } from '../../domain/account.js';

export interface StatusRequest {
  /** What ends within this time is near its end, in milliseconds. */
  readonly within: number;
}

/** How things stand, at a glance. */
export interface VaultStatus {
  readonly hasVault: boolean;
  readonly accounts: readonly Account[];
  /** Accounts whose access token ends within the time and cannot be renewed. */
  readonly tokensEnding: readonly Account[];
  readonly grantsEnding: readonly Account[];
  /** Milliseconds since the epoch; null when nothing was ever refreshed. */
  readonly lastRefreshAt: number | null;
  /** The process id of the agent; null when none runs. */
  readonly agent: number | null;
  /** What the last day's events tell. */
  readonly abuse: readonly Abuse[];
  /** Milliseconds since the epoch. */
  readonly at: number;
}

export interface StatusUseCases {
  /** Needs no key. */
  status(request: StatusRequest): Promise<VaultStatus>;
}
