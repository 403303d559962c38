import { describe, expect, it } from 'vitest';
import { HOUR, MINUTE } from '../../src/domain/duration.js';
import {
  type AccountEvent,
  awaitsLogin,
  isInBackoff,
  nextStatus,
  type StatusFacts,
} from '../../src/domain/status.js';

const NOW = Date.UTC(2026, 2, 1);
const FRESH: StatusFacts = { status: 'active', reason: null, lastError: null, failures: 0, retryAt: null };
const failed = (failure: 'transient' | 'login_needed' | 'refused'): AccountEvent => ({
  kind: 'failed',
  failure,
  code:
    failure === 'transient' ? 'network_failed' : failure === 'refused' ? 'client_refused' : 'login_needed',
  reason: 'why it failed',
  now: NOW,
});
const granted = (...missingScopes: string[]): AccountEvent => ({ kind: 'granted', missingScopes });
const whatFollows = (...events: readonly AccountEvent[]) => events.reduce(nextStatus, FRESH);
const times = (count: number, event: AccountEvent) => Array.from({ length: count }, () => event);

describe('the status of an account', () => {
  it('stays active after two transient failures, and is failing from the third on', () => {
    expect(whatFollows(failed('transient'))).toMatchObject({ status: 'active', failures: 1, retryAt: null });
    expect(whatFollows(...times(2, failed('transient')))).toMatchObject({
      status: 'active',
      reason: null,
      failures: 2,
    });
    expect(whatFollows(...times(3, failed('transient')))).toEqual({
      status: 'failing',
      reason: 'why it failed',
      lastError: 'network_failed',
      failures: 3,
      retryAt: NOW + MINUTE,
    });
  });

  it('doubles its backoff with each failure, up to an hour', () => {
    const pauses = [3, 4, 5, 8, 9, 40].map(
      (count) => (whatFollows(...times(count, failed('transient'))).retryAt ?? 0) - NOW,
    );
    expect(pauses).toEqual([MINUTE, 2 * MINUTE, 4 * MINUTE, 32 * MINUTE, HOUR, HOUR]);
  });

  it('is in backoff for as long as the provider asked, from the first failure on', () => {
    const asked = { ...failed('transient'), notBefore: NOW + 20 * MINUTE } as AccountEvent;
    expect(whatFollows(asked)).toMatchObject({ status: 'active', failures: 1, retryAt: NOW + 20 * MINUTE });
    const longer = whatFollows(...times(8, failed('transient')), asked);
    expect(longer.retryAt).toBe(NOW + HOUR);
    expect(isInBackoff(whatFollows(asked), NOW + 19 * MINUTE)).toBe(true);
    expect(isInBackoff(whatFollows(asked), NOW + 20 * MINUTE)).toBe(false);
  });

  it('is cleared by any success', () => {
    const cleared = whatFollows(...times(5, failed('transient')), granted());
    expect(cleared).toEqual(FRESH);
    expect(whatFollows(failed('login_needed'), granted())).toEqual(FRESH);
  });

  it('needs a login when the provider no longer accepts the refresh token', () => {
    const dead = { status: 'login_needed', reason: 'why it failed', retryAt: null };
    expect(whatFollows(failed('login_needed'))).toMatchObject(dead);
    expect(whatFollows(...times(4, failed('transient')), failed('login_needed'))).toMatchObject(dead);
  });

  it('is failing from the third refusal of the client on, without a backoff', () => {
    expect(whatFollows(...times(2, failed('refused')))).toMatchObject({
      status: 'active',
      reason: null,
      lastError: 'client_refused',
    });
    expect(whatFollows(...times(3, failed('refused')))).toEqual({
      status: 'failing',
      reason: 'why it failed',
      lastError: 'client_refused',
      failures: 3,
      retryAt: null,
    });
  });

  it('names missing scopes until refreshing fails repeatedly', () => {
    const lacking = { status: 'insufficient_scope', reason: 'not granted: mail' };
    expect(whatFollows(granted('mail'))).toMatchObject(lacking);
    expect(whatFollows(granted('mail'), ...times(2, failed('transient')))).toMatchObject(lacking);
    const failing = [granted('mail'), ...times(4, failed('transient'))];
    expect(whatFollows(...failing)).toMatchObject({
      status: 'failing',
      reason: 'why it failed',
      retryAt: NOW + 2 * MINUTE,
    });
    expect(whatFollows(...failing, granted('mail'))).toMatchObject(lacking);
  });

  it('in doubt still needs a login after further failures, and has a backoff', () => {
    const loginUncertain: AccountEvent = { ...failed('login_needed'), loginUncertain: true } as AccountEvent;
    const doubted = whatFollows(loginUncertain);
    expect(doubted).toMatchObject({ status: 'login_needed', reason: 'why it failed', retryAt: NOW + MINUTE });
    expect(awaitsLogin(doubted, NOW)).toBe(true);
    expect(awaitsLogin(doubted, NOW + MINUTE)).toBe(false);
    for (const failure of ['transient', 'refused'] as const) {
      const after = whatFollows(
        loginUncertain,
        ...times(3, { ...failed(failure), reason: 'another' } as AccountEvent),
      );
      expect(after).toMatchObject({ status: 'login_needed', reason: 'why it failed', failures: 4 });
      expect(awaitsLogin(after, NOW + HOUR)).toBe(false);
    }
    expect(whatFollows(...times(9, loginUncertain)).retryAt).toBe(NOW + HOUR);
    expect(awaitsLogin(whatFollows(loginUncertain, failed('login_needed')), NOW + HOUR)).toBe(true);
  });
});

describe('an account in backoff', () => {
  it('stays so until its time, and not for ever when the clock was set back', () => {
    expect(isInBackoff({ retryAt: null }, NOW)).toBe(false);
    expect(isInBackoff({ retryAt: NOW + MINUTE }, NOW)).toBe(true);
    expect(isInBackoff({ retryAt: NOW + MINUTE }, NOW + MINUTE)).toBe(false);
    expect(isInBackoff({ retryAt: NOW + MINUTE }, NOW - 30 * 24 * HOUR)).toBe(false);
  });
});
