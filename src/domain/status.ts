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
 *        └── three failures in a row ──▶ failing
 *        │
 *        └── the provider no longer takes the refresh token ──▶ login_needed ── login ──▶ active
 *
 * A success clears everything, and tells again which scopes are lacking: `failing` comes before `insufficient_scope`, since
 * the scopes that are lacking can be told from the account itself. After transient failures `failing` makes no attempt by
 * itself before `retryAt`, which moves further away with each failure; after a refusal of the client (configuration, policy)
 * it does, since that ends the moment the settings are right. `login_needed` makes none at all, unless it is in doubt: then it
 * has a `retryAt`. `revoked` is what other programs may write; the command `revoke` removes the account.
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
      /** Whether a login is only the likely cure, so that the provider is asked again after a while all the same. */
      readonly inDoubt?: boolean;
      /** Milliseconds since the epoch. */
      readonly now: number;
    };

export type StatusFacts = Pick<Account, 'status' | 'reason' | 'lastError' | 'failures' | 'retryAt'>;

/** Failures in a row after which an account counts as failing. */
export const FAILING_AFTER = 3;
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
  const { status, reason } = current;
  switch (event.failure) {
    case 'login_needed': {
      const retryAt = event.inDoubt === true ? event.now + pauseAfter(failures) : null;
      return { ...failed, status: 'login_needed', reason: event.reason, retryAt };
    }
    case 'refused':
    case 'transient': {
      const retryAt =
        event.failure === 'refused' || failures < FAILING_AFTER ? null : event.now + pauseAfter(failures);
      // That a login is likely to help is not forgotten because the provider cannot be asked just now.
      if (status === 'login_needed') return { ...failed, status, reason, retryAt: retryAt ?? event.now };
      if (failures < FAILING_AFTER) return { ...failed, status, reason, retryAt };
      return { ...failed, status: 'failing', reason: event.reason, retryAt };
    }
  }
}

/** Whether nothing is sent for an account before its next login. */
export function awaitsLogin({ status, retryAt }: Pick<Account, 'status' | 'retryAt'>, now: number): boolean {
  return status === 'login_needed' && (retryAt === null || isResting({ retryAt }, now));
}

/** 1, 2, 4 … minutes, an hour at most. */
function pauseAfter(failures: number): number {
  return Math.min(MINUTE * 2 ** Math.max(0, Math.min(failures - FAILING_AFTER, 10)), LONGEST_PAUSE);
}

/** Whether an account rests after failures, so that nothing is tried by itself. */
export function isResting({ retryAt }: Pick<Account, 'retryAt'>, now: number): boolean {
  return retryAt !== null && now < retryAt && retryAt - now <= LONGEST_PAUSE;
}
