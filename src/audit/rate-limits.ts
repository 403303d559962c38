import { type Audit, type AuditEvent, RECOVERY_FILE } from '../domain/audit-events.js';
import { HOUR, MINUTE, SECOND } from '../domain/duration.js';
import { formatDuration } from '../domain/duration-text.js';
import { command } from '../domain/hints.js';
import type { EventQueue } from '../stores/audit-queue.js';
import type { TrailTable } from '../stores/contract.js';
import type { Clock } from '../system/contract.js';
import { since } from './reading.js';

/* Failed logins and wrong passphrases are counted in the audit trail; after too many, the next attempt waits. */

/** From this many failed or abandoned logins at a provider within an hour on, the next one waits. */
export const FAILED_LOGINS = 10;

/** Logins at this provider within the last hour that were begun and not finished. */
export async function failedLogins(
  trail: TrailTable | null,
  queue: EventQueue,
  provider: string,
  now: number,
): Promise<number> {
  let failed = 0;
  for await (const { said } of since(now - HOUR, trail, queue)) {
    if (said['provider'] !== provider) continue;
    if (said['event'] === 'login_started') failed += 1;
    if (said['event'] === 'login_finished') failed -= 1;
  }
  return failed;
}

/** From this many wrong passphrases on, the next one waits. */
export const WRONG_PASSPHRASES = 3;
const COUNTED_FOR = 15 * MINUTE;
/** Events that are written only after the vault was opened. */
const OPENED: readonly unknown[] = [
  'token_given',
  'refreshed',
  'login_finished',
  'key_added',
  'key_removed',
  'key_chosen',
  'key_rotated',
  'key_exported',
  'key_imported',
  'data_keys_added',
  'data_keys_replaced',
  'rollback_accepted',
] satisfies readonly AuditEvent['event'][];

/** Wrong passphrases of the vault and of its recovery file within the last quarter of an hour, since it was last opened. */
export async function wrongPassphrases(
  trail: TrailTable | null,
  queue: EventQueue,
  now: number,
): Promise<number> {
  const wrong: number[] = [];
  let opened = Number.NEGATIVE_INFINITY;
  for await (const { at, said } of since(now - COUNTED_FOR, trail, queue)) {
    if (OPENED.includes(said['event'])) opened = Math.max(opened, at);
    const guessed = said['key_source'] === 'passphrase' || said['key_source'] === RECOVERY_FILE;
    if (guessed && said['event'] === 'open_failed' && said['code'] === 'key_wrong') wrong.push(at);
  }
  return wrong.filter((at) => at > opened).length;
}

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
  notice(
    `${why}, so this attempt is delayed by ${formatDuration(pause)}; to see the earlier ones: ${command('audit --since 1h')}`,
  );
  await clock.sleep(pause, interruption);
}
