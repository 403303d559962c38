import type { Account } from './account.js';
import { HOUR, MINUTE } from './duration.js';
import type { ErrorCode } from './errors.js';

/*
 * The statuses of an account and what leads from one to another:
 *
 *                    login, refresh: all scopes granted
 *          ┌───────────────────────────────────────────────┐
 *          ▼                                               │
 *       active ──── fewer scopes granted ────▶ insufficient_scope
 *        │   ▲                                     │
 *        │   └── a refresh succeeds ──┐            │
 *        │                            │            │
 *        └── three transient failures in a row ──▶ failing
 *        │
 *        └── the provider no longer takes the refresh token ──▶ login_needed ── login ──▶ active
 *
 * A success clears everything. `failing` makes no attempt by itself before `retryAt`, which moves further away with each
 * failure; `login_needed` makes none at all. A refusal of the client (configuration, policy) changes no status: it is not
 * the account that is wrong. `revoked` is what other programs may write; the command `revoke` removes the account.
 */

/** What a failed refresh means for the person: a wait, a login, or a change of settings. */
export type FailureKind = 'transient' | 'login_needed' | 'refused';

export type AccountEvent =
  | { readonly kind: 'granted'; readonly missingScopes: readonly string[] }
  | {
      readonly kind: 'failed';
      readonly failure: FailureKind;
      readonly code: ErrorCode;
      /** In words, for the person. */
      readonly reason: string;
      /** Milliseconds since the epoch. */
      readonly now: number;
    };

export type StatusFacts = Pick<Account, 'status' | 'reason' | 'lastError' | 'failures' | 'retryAt'>;

/** Transient failures in a row after which an account counts as failing. */
const FAILING_AFTER = 3;
const LONGEST_PAUSE = HOUR;

export function nextStatus(current: StatusFacts, event: AccountEvent): StatusFacts {
  if (event.kind === 'granted') {
    const lacking = event.missingScopes.length > 0;
    return {
      status: lacking ? 'insufficient_scope' : 'active',
      reason: lacking ? `not granted: ${event.missingScopes.join(' ')}` : null,
      lastError: null,
      failures: 0,
      retryAt: null,
    };
  }
  const failures = current.failures + 1;
  const failed = { lastError: event.code, failures };
  switch (event.failure) {
    case 'login_needed':
      return { ...failed, status: 'login_needed', reason: event.reason, retryAt: null };
    case 'refused':
      return { ...failed, status: current.status, reason: current.reason, retryAt: null };
    case 'transient':
      if (failures < FAILING_AFTER)
        return { ...failed, status: current.status, reason: current.reason, retryAt: null };
      return {
        ...failed,
        status: current.status === 'insufficient_scope' ? current.status : 'failing',
        reason: current.status === 'insufficient_scope' ? current.reason : event.reason,
        retryAt: event.now + pauseAfter(failures),
      };
  }
}

/**
 * Whether refreshing fails again and again, for whatever reason but one that a login cures. A client that is refused
 * counts too, though its account keeps its status.
 */
export function keepsFailing({ status, failures }: Pick<Account, 'status' | 'failures'>): boolean {
  return status !== 'login_needed' && (status === 'failing' || failures >= FAILING_AFTER);
}

/** 1, 2, 4 … minutes, an hour at most. */
function pauseAfter(failures: number): number {
  return Math.min(MINUTE * 2 ** Math.min(failures - FAILING_AFTER, 10), LONGEST_PAUSE);
}

/** Whether an account rests after failures, so that nothing is tried by itself. */
export function isResting({ retryAt }: Pick<Account, 'retryAt'>, now: number): boolean {
  return retryAt !== null && now < retryAt && retryAt - now <= LONGEST_PAUSE;
}
