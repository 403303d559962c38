import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dueness } from '../../src/domain/dueness.js';
import { DAY, HOUR, MINUTE, SECOND } from '../../src/domain/duration.js';
import { isGoodEnough, isUsable } from '../../src/domain/token-state.js';
import { NOW } from '../doubles/terminal.js';

interface Times {
  readonly expiresAt: number | null;
  readonly issuedAt: number;
  readonly grantExpiresAt: number | null;
  readonly hasRefreshToken: boolean;
}

/** A token of an hour, issued so long ago that it has the given time left. */
function left(milliseconds: number, lifetime: number = HOUR): Times {
  const expiresAt = NOW + milliseconds;
  return { expiresAt, issuedAt: expiresAt - lifetime, grantExpiresAt: null, hasRefreshToken: true };
}

const ENDLESS: Times = {
  expiresAt: null,
  issuedAt: NOW - 400 * DAY,
  grantExpiresAt: null,
  hasRefreshToken: true,
};

describe('whether a token can be used at all', () => {
  it.each([
    [HOUR, true],
    [11 * SECOND, true],
    [10 * SECOND, false],
    [0, false],
    [-HOUR, false],
  ])('with %i ms left: %s', (milliseconds, usable) => {
    expect(isUsable(left(milliseconds), NOW)).toBe(usable);
  });

  it('is true for one of unknown expiry', () => {
    expect(isUsable(ENDLESS, NOW)).toBe(true);
  });
});

describe('whether a token is valid for long enough', () => {
  it.each([
    ['more than asked', 6 * MINUTE, 5 * MINUTE, true],
    ['just what was asked', 5 * MINUTE, 5 * MINUTE, false],
    ['less than asked', 4 * MINUTE, 5 * MINUTE, false],
    ['nothing, and nothing is asked', 0, 0, false],
    ['too little to arrive, though nothing is asked', 9 * SECOND, 0, false],
    ['little, and nothing is asked', 11 * SECOND, 0, true],
    ['nothing any more, and less than nothing is asked', -HOUR, -2 * HOUR, false],
  ])('when it has %s', (_, milliseconds, minValid, valid) => {
    expect(isGoodEnough(left(milliseconds), minValid, NOW)).toBe(valid);
  });

  it('uses half the lifetime where tokens never live as long as requested', () => {
    const shortLived = (milliseconds: number) => left(milliseconds, 4 * MINUTE);
    expect(isGoodEnough(shortLived(3 * MINUTE), 5 * MINUTE, NOW)).toBe(true);
    expect(isGoodEnough(shortLived(2 * MINUTE), 5 * MINUTE, NOW)).toBe(false);
    expect(isGoodEnough(left(4 * SECOND, 6 * SECOND), 0, NOW)).toBe(true);
    expect(isGoodEnough(left(3 * SECOND, 6 * SECOND), 0, NOW)).toBe(false);
  });

  it('does not trust a token from the future when the clock was set back', () => {
    expect(isGoodEnough(left(HOUR), 5 * MINUTE, NOW)).toBe(true);
    expect(isGoodEnough(left(HOUR), 5 * MINUTE, NOW - 5 * SECOND)).toBe(true);
    expect(isGoodEnough(left(HOUR), 5 * MINUTE, NOW - MINUTE)).toBe(false);
    expect(isGoodEnough(left(HOUR), 5 * MINUTE, NOW - 30 * DAY)).toBe(false);
  });

  it('is true for one of unknown expiry', () => {
    expect(isGoodEnough(ENDLESS, 7 * DAY, NOW)).toBe(true);
  });

  it('is never true for an expired token, and does not become true by waiting', () => {
    const duration = fc.integer({ min: 0, max: 2 * DAY });
    fc.assert(
      fc.property(duration, duration, duration, duration, (lifetime, age, minValid, later) => {
        const token = { ...left(lifetime, lifetime), issuedAt: NOW, expiresAt: NOW + lifetime };
        const now = NOW + age;
        const valid = isGoodEnough(token, minValid, now);
        if (valid) expect(now).toBeLessThan(token.expiresAt);
        if (!valid) expect(isGoodEnough(token, minValid, now + later)).toBe(false);
      }),
    );
  });

  it('is always true for a token that was just issued', () => {
    const duration = fc.integer({ min: 1, max: 2 * DAY });
    fc.assert(
      fc.property(duration, duration, (lifetime, minValid) => {
        expect(isGoodEnough(left(lifetime, lifetime), minValid, NOW)).toBe(true);
      }),
    );
  });
});

describe('whether an account is due', () => {
  it.each([
    ['ends within the time', left(2 * DAY), true, 'the access token expires in 2d'],
    ['ends at the very end of it', left(7 * DAY), true, 'the access token expires in 7d'],
    ['ends later', left(8 * DAY), false, 'the access token expires in 8d'],
    ['has ended', left(-HOUR), true, 'the access token expired 1h ago'],
    ['has no known end', ENDLESS, true, 'the expiry of its access token is unknown'],
  ])('when its token %s', (_, account, due, reason) => {
    expect(dueness(account, 7 * DAY, NOW)).toEqual({ due, reason });
  });

  it.each([
    ['ends within the time', 3 * DAY, true, 'the grant expires in 3d'],
    ['has ended', -2 * DAY, true, 'the grant expired 2d ago'],
    ['ends later', 30 * DAY, false, 'the access token expires in 20d'],
  ])('when its grant %s', (_, grantLeft, due, reason) => {
    const account = { ...left(20 * DAY), grantExpiresAt: NOW + grantLeft };
    expect(dueness(account, 7 * DAY, NOW)).toEqual({ due, reason });
  });
});
