import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DAY, HOUR, MINUTE } from '../../src/domain/duration.js';
import { ending, moment, relative, rfc3339, rfc3339Writer } from '../../src/domain/time.js';
import { NOW } from '../doubles/terminal.js';

describe('times for programs', () => {
  it('are RFC 3339 in UTC, and unknown is null', () => {
    expect(rfc3339(NOW)).toBe('2026-03-01T12:00:00.000Z');
    expect(rfc3339(null)).toBeNull();
  });

  it('are null where RFC 3339 cannot write them', () => {
    for (const at of [Number.NaN, -1, Date.UTC(10_000, 0), Number.POSITIVE_INFINITY])
      expect(rfc3339(at)).toBeNull();
  });

  it('are the same from the writer for many times', () => {
    const write = rfc3339Writer();
    const instant = fc.oneof(
      fc.integer({ min: -DAY, max: 400 * DAY }),
      fc.integer({ min: NOW, max: 2 ** 48 }),
      fc.double(),
    );
    fc.assert(
      fc.property(fc.option(instant), (at) => {
        expect(write(at)).toBe(rfc3339(at));
      }),
    );
  });
});

describe('times in words', () => {
  it.each([
    [NOW + 3 * HOUR + 20 * MINUTE, 'in 3h 20m'],
    [NOW - 2 * DAY, '2d ago'],
    [NOW + 200, 'now'],
    [null, 'unknown'],
  ])('%s is %s', (at, words) => {
    expect(relative(at, NOW)).toBe(words);
  });

  it('can include the time of day', () => {
    expect(moment(NOW + HOUR, NOW)).toBe('in 1h (2026-03-01 13:00 UTC)');
    expect(moment(null, NOW)).toBe('unknown');
  });

  it('distinguish expired from expiring', () => {
    expect(ending(NOW + HOUR, NOW)).toBe('expires in 1h (2026-03-01 13:00 UTC)');
    expect(ending(NOW - HOUR, NOW)).toBe('expired 1h ago (2026-03-01 11:00 UTC)');
    expect(ending(null, NOW)).toBe('expiry unknown');
  });
});
