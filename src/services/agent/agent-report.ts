import { accountName } from '../../domain/account.js';
import { SECOND } from '../../domain/duration.js';
import { errorDocument } from '../../domain/errors.js';
import { rfc3339 } from '../../domain/time.js';
import { VERSION } from '../../version.js';
import type { RefreshResult } from '../refresh/refresh-all.js';
import type { AgentCheck, AgentRequest } from './agent-contract.js';

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
