import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DAY, HOUR, MINUTE } from '../../../src/domain/duration.js';
import { isPartOfDay, timesOf } from '../../../src/services/schedule/schedule.js';

describe('the times of a schedule', () => {
  it('are every minute, if that is requested', () => {
    expect(timesOf(MINUTE, 1234)).toEqual({ hours: 'every', minutes: 'every' });
  });

  it.each([
    [15 * MINUTE, { hours: 'every', minutes: [4, 19, 34, 49] }],
    [HOUR, { hours: 'every', minutes: [55] }],
    [12 * HOUR, { hours: [8, 20], minutes: [55] }],
    [DAY, { hours: [20], minutes: [55] }],
  ])('are evenly spaced, away from the start, for %d ms', (every, times) => {
    expect(timesOf(every, 1234)).toEqual(times);
  });

  it('are as many as fit into a day, each a valid time of day', () => {
    const parts = [5 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 8 * HOUR, DAY];
    fc.assert(
      fc.property(fc.constantFrom(...parts), fc.nat(), (every, seed) => {
        const { hours, minutes } = timesOf(every, seed);
        const count = (list: readonly number[] | 'every', all: number) =>
          list === 'every' ? all : list.length;
        expect(count(hours, 24) * count(minutes, 60)).toBe(DAY / every);
        for (const hour of hours === 'every' ? [] : hours) expect(hour >= 0 && hour < 24).toBe(true);
        for (const minute of minutes === 'every' ? [] : minutes)
          expect(minute >= 0 && minute < 60).toBe(true);
        if (every >= HOUR) expect(minutes).not.toContain(0);
      }),
    );
  });

  it('are spread over vaults', () => {
    const seen = new Set(Array.from({ length: 2_000 }, (_, seed) => JSON.stringify(timesOf(DAY, seed))));
    expect(seen.size).toBe(24 * 59);
  });

  it('repeat each day, so only divisors of it are accepted', () => {
    const taken = [1, 5, 15, 30, 60, 120, 720, 1_440].map((minutes) => isPartOfDay(minutes * MINUTE));
    expect(taken).toEqual(taken.map(() => true));
    const refused = [0, 0.5, 7, 45, 90, 300, 1_440 * 2].map((minutes) => isPartOfDay(minutes * MINUTE));
    expect(refused).toEqual(refused.map(() => false));
  });
});
