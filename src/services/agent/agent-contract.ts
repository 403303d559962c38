import type { VaultError } from '../../domain/errors.js';
import type { RefreshResult } from '../refresh/refresh-all.js';

/** Held by the agent of a vault while it runs. */
export const AGENT_LOCK = 'agent';

export interface AgentRequest {
  /** Milliseconds from one check of all accounts to the next. */
  readonly every: number;
  /** Tokens that expire within this time are refreshed, in milliseconds. */
  readonly ahead: number;
  readonly concurrency: number;
}

/** The result of one check of all accounts. */
export interface AgentCheck {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly accounts: number;
  readonly loginNeeded: number;
  /** One for each account that was due. */
  readonly results: readonly RefreshResult[];
  /** Why no account could be checked; null when they were. */
  readonly error: VaultError | null;
}

/** What an agent reports while it runs, in order. */
export type AgentEvent =
  | { readonly kind: 'started'; readonly socket: string; readonly pid: number }
  | {
      readonly kind: 'checked';
      readonly check: AgentCheck;
      /** Milliseconds since the epoch. */
      readonly nextCheckAt: number;
      /** The results and the error that the check before did not have. */
      readonly news: Pick<AgentCheck, 'results' | 'error'>;
    }
  /** The socket has moved or is back (`error` is null), or is gone and cannot be made (`socket` is null). */
  | { readonly kind: 'socket'; readonly socket: string | null; readonly error: VaultError | null }
  /** `waiting`: how many requests and refreshes are finished first. */
  | { readonly kind: 'stopping'; readonly waiting: number }
  | { readonly kind: 'stopped' };
