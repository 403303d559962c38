import { describe, expect, it } from 'vitest';
import { DAY, HOUR, MINUTE, SECOND } from '../../src/domain/duration.js';
import { formatDuration, parseDays, parseDuration } from '../../src/domain/duration-text.js';

describe('a duration', () => {
  it.each([
    ['90s', 90 * SECOND],
    ['5m', 5 * MINUTE],
    ['12h', 12 * HOUR],
    ['7d', 7 * DAY],
    ['0s', 0],
    [' 5m ', 5 * MINUTE],
    ['999999999s', 999_999_999 * SECOND],
  ])('reads %j', (text, milliseconds) => {
    expect(parseDuration(text, '--min-valid')).toBe(milliseconds);
  });

  it.each(['', '5', 'm', '5 m', '-5m', '+5m', '1.5h', '5M', '5w', '5m30s', '٥m', '1234567890s', '5m\n5m'])(
    'does not read %j',
    (text) => {
      expect(() => parseDuration(text, '--min-valid')).toThrow(
        expect.objectContaining({
          code: 'usage',
          message: '--min-valid takes a duration such as 90s, 5m, 12h or 7d',
        }),
      );
    },
  );
});

describe('a number of days', () => {
  it.each([
    ['7', 7 * DAY],
    ['0', 0],
    ['7d', 7 * DAY],
    ['12h', 12 * HOUR],
    [' 3 ', 3 * DAY],
  ])('reads %j', (text, milliseconds) => {
    expect(parseDays(text, '--days')).toBe(milliseconds);
  });

  it.each(['', '-1', '1.5', 'a week', '1234567'])('does not read %j', (text) => {
    expect(() => parseDays(text, '--days')).toThrow(expect.objectContaining({ code: 'usage' }));
  });
});

describe('a duration in words', () => {
  it.each([
    [0, '0s'],
    [-5 * MINUTE, '0s'],
    [999, '0s'],
    [42 * SECOND, '42s'],
    [MINUTE - 1, '59s'],
    [MINUTE, '1m'],
    [5 * MINUTE + 59 * SECOND, '5m'],
    [HOUR, '1h'],
    [3 * HOUR + 20 * MINUTE, '3h 20m'],
    [DAY, '1d'],
    [6 * DAY + 4 * HOUR + 59 * MINUTE, '6d 4h'],
    [400 * DAY, '400d'],
  ])('formats %i milliseconds as %s', (milliseconds, words) => {
    expect(formatDuration(milliseconds)).toBe(words);
  });

  it('can be parsed again if it is one word', () => {
    for (const text of ['42s', '5m', '3h', '6d']) {
      expect(formatDuration(parseDuration(text, '--x'))).toBe(text);
    }
  });
});
