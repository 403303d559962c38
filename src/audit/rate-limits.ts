import type { Audit, AuditEvent } from '../domain/audit-events.js';
import { formatDuration, SECOND } from '../domain/duration.js';
import { command } from '../domain/hints.js';
import type { Clock } from '../system/contract.js';

const LONGEST_PAUSE = 30 * SECOND;

export interface SlowDownDeps {
  readonly clock: Clock;
  readonly audit: Audit;
  readonly notice: (line: string) => void;
  readonly interruption: AbortSignal;
}

/**
 * Waits 1, 2, 4 s and so on up to half a minute before an attempt that comes after too many others. No attempt is refused,
 * because the owner must be able to get in. The wait is recorded and printed first.
 *
 * @param over attempts beyond those that do not wait; 0 waits a second
 * @param why the number of attempts, in words
 * @throws the interruption's reason
 */
export async function slowDown(
  { clock, audit, notice, interruption }: SlowDownDeps,
  over: number,
  event: AuditEvent,
  why: string,
): Promise<void> {
  const pause = Math.min(LONGEST_PAUSE, SECOND * 2 ** over);
  audit.record(event);
  notice(`${why}, so this one waits ${formatDuration(pause)}; to see them: ${command('audit --since 1h')}`);
  await clock.sleep(pause, interruption);
}
