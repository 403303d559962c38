import { SECOND } from '../../domain/duration.js';
import type { Clock } from '../../system/contract.js';
import type { AgentCheck } from './agent-contract.js';

/** The first pause after a check in which something failed for now; each further one is twice as long. */
const SOON = 30 * SECOND;
/** Timers stand still while the machine sleeps. Looking at the wall clock this often notices that time has passed. */
const STEP = 15 * SECOND;

/**
 * How long to wait after a check, in milliseconds. What failed for now is tried again sooner, at a pace that slows down. One
 * tenth more or less keeps the agents of many machines apart.
 *
 * @param troubled how many checks in a row had something fail for now, this one included
 */
export function pauseAfter(troubled: number, every: number): number {
  const pause = troubled === 0 ? every : Math.min(every, SOON * 2 ** (troubled - 1));
  return Math.round(pause * (0.9 + Math.random() / 5));
}

/** Whether something went wrong that may be over in a moment: no network yet after waking up, a keychain still locked. */
export function isTroubled({ results, error }: AgentCheck): boolean {
  return error !== null || results.some(({ outcome }) => outcome === 'transient' || outcome === 'busy');
}

/**
 * Waits until a moment on the wall clock. A machine that was suspended beyond it goes on at once, and so does one whose
 * clock was set back: there is no telling how long the wait would become.
 *
 * @throws the signal's reason
 */
export async function waitUntil(clock: Clock, moment: number, signal: AbortSignal): Promise<void> {
  let seen = clock.now();
  while (seen < moment) {
    await clock.sleep(Math.min(STEP, moment - seen), signal);
    const now = clock.now();
    if (now < seen) return;
    seen = now;
  }
}
