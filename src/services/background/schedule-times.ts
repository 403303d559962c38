import { DAY, HOUR, MINUTE } from '../../domain/duration.js';
import type { Times } from '../../system/schedulers/contract.js';

/** Intervals that divide an hour or a day: every scheduler supports them, and the times are the same every day. */
const PARTS = [
  ...[1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30].map((minutes) => minutes * MINUTE),
  ...[1, 2, 3, 4, 6, 8, 12].map((hours) => hours * HOUR),
  DAY,
];

export function isPartOfDay(every: number): boolean {
  return PARTS.includes(every);
}

/**
 * @param every milliseconds, of which {@link isPartOfDay} holds
 * @param seed any integer that is always the same for this vault and differs between vaults: if all of them ran at the full
 * hour, a provider would get all requests at once
 */
export function timesOf(every: number, seed: number): Times {
  if (every === MINUTE) return { hours: 'every', minutes: 'every' };
  if (every < HOUR) return { hours: 'every', minutes: series(seed, every / MINUTE, 60) };
  // Never :00, when most other jobs run.
  const minutes = [1 + (seed % 59)];
  if (every === HOUR) return { hours: 'every', minutes };
  return { hours: series(Math.floor(seed / 59), every / HOUR, 24), minutes };
}

function series(seed: number, step: number, end: number): readonly number[] {
  return Array.from({ length: end / step }, (_, index) => (seed % step) + index * step);
}
