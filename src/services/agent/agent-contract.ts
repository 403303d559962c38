import type { VaultError } from '../../domain/errors.js';
import type { RefreshResult } from '../contract.js';

export interface AgentRequest {
  /** Milliseconds from one check of all accounts to the next. */
  readonly every: number;
  /** What ends within this time is refreshed, in milliseconds. */
  readonly ahead: number;
  /** How many accounts are refreshed at a time. */
  readonly concurrency: number;
}

/** What one look at all accounts came to. */
export interface AgentCheck {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** How many accounts there are. */
  readonly accounts: number;
  /** How many of them rest until a new login. */
  readonly loginNeeded: number;
  /** Of the accounts that were due. */
  readonly results: readonly RefreshResult[];
  /** Why nothing could be done for any account; null when it could. */
  readonly error: VaultError | null;
}

/** What an agent tells while it runs, in order. */
export type AgentEvent =
  | { readonly kind: 'started'; readonly socket: string; readonly pid: number }
  | {
      readonly kind: 'checked';
      readonly check: AgentCheck;
      /** Milliseconds since the epoch. */
      readonly nextCheckAt: number;
      /** The results and the error of the check that the one before did not have. */
      readonly news: Pick<AgentCheck, 'results' | 'error'>;
    }
  /** The socket has moved or is back (`error` is null), or it is gone and cannot be made now (`socket` is null). */
  | { readonly kind: 'socket'; readonly socket: string | null; readonly error: VaultError | null }
  /** `waiting`: for this many requests and refreshes the end is waited for. */
  | { readonly kind: 'stopping'; readonly waiting: number }
  | { readonly kind: 'stopped' };

/**
 * How an agent is, as `GET /status` and `vault agent status --json` tell it: times are RFC 3339, the field names an API. More
 * fields may join, none of these leaves.
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
  /** How many tokens it has handed out. */
  readonly tokens: number;
  /** Null before the first check is done. */
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

export interface AgentUseCases {
  /**
   * Keeps the accounts fresh and answers on its socket until it is interrupted; then it finishes what is in flight.
   *
   * @throws VaultError `busy` when an agent runs for this vault already, `config_invalid` where no socket can be
   */
  runAgent(request: AgentRequest, tell: (event: AgentEvent) => void): Promise<void>;
  /**
   * Where the agent of this vault listens, whether or not one runs: a place where nobody else can answer.
   *
   * @throws VaultError `vault_permissions` when another user could; `config_invalid`, `vault_not_writable`
   */
  agentSocket(): string;
  /** @throws VaultError `agent_not_running`; `busy` when one runs and does not answer; `vault_permissions` as `agentSocket` */
  agentStatus(): Promise<AgentStatus>;
  /**
   * Asks the agent to stop and waits until it has.
   *
   * @returns its process id
   * @throws VaultError `agent_not_running`; `busy` when it does not answer or does not end; `vault_permissions` as `agentSocket`
   */
  stopAgent(): Promise<number>;
}
