import type { Account } from './account.js';
import { HOUR, MINUTE } from './duration.js';
import type { ErrorCode, VaultError } from './errors.js';

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
 * A success clears everything and sets the missing scopes again. `failing` hides `insufficient_scope`, because missing scopes
 * follow from the account's own fields. After transient failures a `failing` account is not refreshed automatically before
 * `retryAt`, which moves further away with each failure. No account is refreshed automatically before the time that its provider
 * named. After a refusal of the client (configuration, policy) there is no backoff, because the refusal ends as soon as the
 * settings are right. A `login_needed` account is never refreshed, unless the diagnosis is uncertain: then it has a `retryAt`.
 * `revoked` is reserved for other programs; the command `revoke` removes the account.
 */

/** What a failed refresh needs: time, a login, or a change of settings. */
export type FailureKind = 'transient' | 'login_needed' | 'refused';

export type AccountEvent =
  | { readonly kind: 'granted'; readonly missingScopes: readonly string[] }
  | {
      readonly kind: 'failed';
      readonly failure: FailureKind;
      readonly code: ErrorCode;
      /** A sentence for the user. */
      readonly reason: string;
      /** A login is only the likely cure, so the provider is asked again after a backoff. */
      readonly loginUncertain?: boolean;
      /** When the provider wants to be asked again (Retry-After), an hour from now at most; null: it did not say. */
      readonly notBefore?: number | null;
      readonly now: number;
    };

export type StatusFacts = Pick<Account, 'status' | 'reason' | 'lastError' | 'failures' | 'retryAt'>;

/** This many failures in a row make an account `failing`. */
export const FAILING_AFTER = 3;
const LONGEST_BACKOFF = HOUR;

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
      const retryAt = event.loginUncertain === true ? event.now + backoffAfter(failures) : null;
      return { ...failed, status: 'login_needed', reason: event.reason, retryAt };
    }
    case 'refused':
    case 'transient': {
      const backoff =
        event.failure === 'refused' || failures < FAILING_AFTER ? 0 : event.now + backoffAfter(failures);
      const retryAt = Math.max(backoff, event.notBefore ?? 0) || null;
      // A later failure to reach the provider does not disprove the diagnosis.
      if (status === 'login_needed') return { ...failed, status, reason, retryAt: retryAt ?? event.now };
      if (failures < FAILING_AFTER) return { ...failed, status, reason, retryAt };
      return { ...failed, status: 'failing', reason: event.reason, retryAt };
    }
  }
}

/** Whether nothing is sent for an account before its next login. */
export function awaitsLogin({ status, retryAt }: Pick<Account, 'status' | 'retryAt'>, now: number): boolean {
  return status === 'login_needed' && (retryAt === null || isInBackoff({ retryAt }, now));
}

/** 1, 2, 4 … minutes, an hour at most. */
function backoffAfter(failures: number): number {
  return Math.min(MINUTE * 2 ** Math.max(0, Math.min(failures - FAILING_AFTER, 10)), LONGEST_BACKOFF);
}

/** Whether an account is in backoff after failures: nothing refreshes it automatically. */
export function isInBackoff({ retryAt }: Pick<Account, 'retryAt'>, now: number): boolean {
  return retryAt !== null && now < retryAt && retryAt - now <= LONGEST_BACKOFF;
}

/** The outcome of one refresh. A union, so that no caller can mistake a hiccup for a revocation. */
export type RefreshOutcome =
  | {
      readonly kind: 'refreshed';
      readonly account: Account /** About an answer that was good. */;
      readonly warning?: string;
    }
  /** Another process refreshed the account while this one waited for the lock. */
  | { readonly kind: 'adopted'; readonly account: Account }
  /** Only a new login helps. The stored refresh token is kept and not used. */
  | { readonly kind: 'login_needed'; readonly account: Account; readonly error: VaultError }
  /** Nothing changed; it may work later. */
  | { readonly kind: 'transient'; readonly account: Account; readonly error: VaultError }
  /** Configuration or policy; a login will not help. */
  | { readonly kind: 'refused'; readonly account: Account; readonly error: VaultError }
  /**
   * Nothing was sent: the outcome of an earlier attempt is open, the provider may have replaced the refresh token, and
   * the stored access token still works.
   */
  | { readonly kind: 'open'; readonly account: Account; readonly error: VaultError }
  /** Another process holds the account. */
  | { readonly kind: 'busy'; readonly account: Account; readonly error: VaultError };
