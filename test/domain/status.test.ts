import { describe, expect, it } from 'vitest';
import { HOUR, MINUTE } from '../../src/domain/duration.js';
import { type AccountEvent, isResting, nextStatus, type StatusFacts } from '../../src/domain/status.js';

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
  it('stays active through one or two transient failures, and is failing from the third on', () => {
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

  it('rests for twice as long with each failure, an hour at most', () => {
    const pauses = [3, 4, 5, 8, 9, 40].map(
      (count) => (whatFollows(...times(count, failed('transient'))).retryAt ?? 0) - NOW,
    );
    expect(pauses).toEqual([MINUTE, 2 * MINUTE, 4 * MINUTE, 32 * MINUTE, HOUR, HOUR]);
  });

  it('is cleared by any success', () => {
    const cleared = whatFollows(...times(5, failed('transient')), granted());
    expect(cleared).toEqual(FRESH);
    expect(whatFollows(failed('login_needed'), granted())).toEqual(FRESH);
  });

  it('needs a login when the provider no longer takes the refresh token, whatever was before', () => {
    const dead = { status: 'login_needed', reason: 'why it failed', retryAt: null };
    expect(whatFollows(failed('login_needed'))).toMatchObject(dead);
    expect(whatFollows(...times(4, failed('transient')), failed('login_needed'))).toMatchObject(dead);
  });

  it('is not changed by a refusal of the client, which is no fault of the account', () => {
    expect(whatFollows(failed('refused'))).toMatchObject({
      status: 'active',
      reason: null,
      lastError: 'client_refused',
    });
  });

  it('says which scopes are lacking, and goes on saying so through failures', () => {
    const lacking = { status: 'insufficient_scope', reason: 'not granted: mail' };
    expect(whatFollows(granted('mail'))).toMatchObject(lacking);
    expect(whatFollows(granted('mail'), ...times(4, failed('transient')))).toMatchObject({
      ...lacking,
      retryAt: NOW + 2 * MINUTE,
    });
  });
});

describe('an account that rests', () => {
  it('does so until its time, and not for ever when the clock was set back', () => {
    expect(isResting({ retryAt: null }, NOW)).toBe(false);
    expect(isResting({ retryAt: NOW + MINUTE }, NOW)).toBe(true);
    expect(isResting({ retryAt: NOW + MINUTE }, NOW + MINUTE)).toBe(false);
    expect(isResting({ retryAt: NOW + MINUTE }, NOW - 30 * 24 * HOUR)).toBe(false);
  });
});
