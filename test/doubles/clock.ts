import type { Clock } from '../../src/system/contract.js';

export interface ClockDouble extends Clock {
  /** How long was slept, in order, in milliseconds. */
  readonly slept: number[];
  advance(milliseconds: number): void;
  /** Called at the beginning of each sleep. */
  onSleep: (milliseconds: number) => void | Promise<void>;
}

/** A clock that stands still but for what is slept, and sleeping takes no time. */
export function clockDouble(start: number): ClockDouble {
  let now = start;
  const clock: ClockDouble = {
    slept: [],
    onSleep: () => {},
    now: () => now,
    elapsed: () => now,
    advance(milliseconds) {
      now += milliseconds;
    },
    async sleep(milliseconds, signal) {
      signal?.throwIfAborted();
      clock.slept.push(milliseconds);
      now += Math.round(milliseconds);
      await clock.onSleep(milliseconds);
      // Others get their turn, as they would during a real pause.
      await new Promise((resolve) => setImmediate(resolve));
      signal?.throwIfAborted();
    },
  };
  return clock;
}
