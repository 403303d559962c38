import { accountName } from '../../domain/account.js';
import { SECOND } from '../../domain/duration.js';
import { errorDocument } from '../../domain/error-forms.js';
import type { VaultError } from '../../domain/errors.js';
import { rfc3339 } from '../../domain/time.js';
import { VERSION } from '../../version.js';
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
  /** A result for each account that was due. */
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

interface AgentFacts {
  readonly pid: number;
  readonly socket: string;
  readonly startedAt: number;
  readonly request: AgentRequest;
  readonly nextCheckAt: number | null;
  readonly tokens: number;
  readonly lastCheck: AgentCheck | null;
}

export type AgentStatus = ReturnType<typeof statusDocument>;

/**
 * The document of `GET /status` and `vault agent status --json`. The field names are an API: new ones may be added, none is
 * removed. Times are RFC 3339.
 */
export function statusDocument(facts: AgentFacts) {
  const { request, lastCheck } = facts;
  return {
    running: true as const,
    pid: facts.pid,
    version: VERSION,
    socket: facts.socket,
    started_at: rfc3339(facts.startedAt) ?? '',
    check_every_seconds: request.every / SECOND,
    refresh_ahead_seconds: request.ahead / SECOND,
    concurrency: request.concurrency,
    /** Null while a check is under way. */
    next_check_at: rfc3339(facts.nextCheckAt),
    /** How many it has returned. */
    tokens: facts.tokens,
    /** Null until the first check is done. */
    last_check: lastCheck === null ? null : checkDocument(lastCheck),
  };
}

export function checkDocument(check: AgentCheck) {
  return {
    at: rfc3339(check.at) ?? '',
    accounts: check.accounts,
    login_needed: check.loginNeeded,
    results: check.results.map(({ account, outcome, reason, error }) => ({
      account: accountName(account),
      outcome,
      reason,
      expires_at: rfc3339(account.expiresAt),
      error: error === null ? null : errorDocument(error),
    })),
    error: check.error === null ? null : errorDocument(check.error),
  };
}

/** Reports a failure once, and again only if it recurs after it was gone. */
export function newsFinder(): (check: AgentCheck) => Pick<AgentCheck, 'results' | 'error'> {
  let error: string | null = null;
  const reported = new Map<string, string>();

  function isNews({ account, outcome, error: failure, openSince }: RefreshResult): boolean {
    if (outcome === 'skipped' && openSince === undefined) return false;
    const kind = `${outcome} ${failure?.code ?? ''}`;
    const same = reported.get(account.id) === kind;
    reported.set(account.id, kind);
    return outcome === 'refreshed' || !same;
  }

  return (check) => {
    const code = check.error?.code ?? null;
    const isSame = code === error;
    error = code;
    return { results: check.results.filter(isNews), error: isSame ? null : check.error };
  };
}
