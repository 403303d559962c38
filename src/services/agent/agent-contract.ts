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
  /** Of the accounts that were due. */
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

/**
 * The document of `GET /status` and `vault agent status --json`. The field names are an API: new ones may be added, none is
 * removed. Times are RFC 3339.
 */
export interface AgentStatus {
  readonly running: true;
  readonly pid: number;
  readonly version: string;
  readonly socket: string;
  readonly started_at: string;
  readonly check_every_seconds: number;
  readonly refresh_ahead_seconds: number;
  readonly concurrency: number;
  /** Null while a check is under way. */
  readonly next_check_at: string | null;
  /** How many it has returned. */
  readonly tokens: number;
  /** Null until the first check is done. */
  readonly last_check: {
    readonly at: string;
    readonly accounts: number;
    readonly login_needed: number;
    readonly results: readonly {
      readonly account: string;
      readonly outcome: string;
      readonly reason: string;
      readonly expires_at: string | null;
      readonly error: object | null;
    }[];
    readonly error: {
      readonly code: string;
      readonly message: string;
      readonly hint: string | null;
      readonly exit_code: number;
    } | null;
  } | null;
}
