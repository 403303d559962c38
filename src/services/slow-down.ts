import { LOGINS_AN_HOUR, loginsWithinHour } from '../audit/abuse.js';
import type { Audit, AuditEvent } from '../audit/events.js';
import { formatDuration, SECOND } from '../domain/duration.js';
import type { EventQueue } from '../stores/audit-queue.js';
import type { Clock } from '../system/contract.js';
import type { Vault } from '../vault/vault.js';

const LONGEST_PAUSE = 30 * SECOND;

export interface SlowDownDeps {
  readonly clock: Clock;
  readonly audit: Audit;
  readonly notice: (line: string) => void;
  readonly interruption: AbortSignal;
}

/**
 * Has somebody wait who tries something more often than a person would: 1, 2, 4 s and so on up to half a minute. Nobody is ever
 * refused, because the owner must be able to get in. The wait is recorded, and said beforehand.
 *
 * @param over how many attempts there were beyond those that go unnoticed; 0 waits a second
 * @param event what is recorded
 * @param why how many attempts there were, in words
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
  notice(`${why}, so this one waits ${formatDuration(pause)}; vault audit --since 1h shows them`);
  await clock.sleep(pause, interruption);
}

export interface LoginRateDeps extends SlowDownDeps {
  readonly vault: () => Promise<Vault | null>;
  readonly queue: EventQueue;
}

/** After more logins at a provider than a person begins, each further one waits; see {@link slowDown}. */
export async function slowDownLogins(deps: LoginRateDeps, provider: string): Promise<void> {
  const trail = (await deps.vault())?.trail ?? null;
  const count = await loginsWithinHour(trail, deps.queue, provider, deps.clock.now());
  if (count < LOGINS_AN_HOUR) return;
  const why = `${count} logins at ${provider} were begun within the last hour`;
  await slowDown(deps, count - LOGINS_AN_HOUR, { event: 'logins_slowed', provider, count }, why);
}
