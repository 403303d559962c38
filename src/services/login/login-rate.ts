import { LOGINS_AN_HOUR, loginsWithinHour } from '../../audit/abuse.js';
import type { Audit } from '../../audit/events.js';
import { formatDuration, SECOND } from '../../domain/duration.js';
import type { EventQueue } from '../../stores/contract.js';
import type { Clock } from '../../system/contract.js';
import type { Vault } from '../../vault/vault.js';

const LONGEST_PAUSE = 30 * SECOND;

export interface LoginRateDeps {
  readonly vault: () => Promise<Vault | null>;
  readonly queue: EventQueue;
  readonly clock: Clock;
  readonly audit: Audit;
  readonly notice: (line: string) => void;
  readonly interruption: AbortSignal;
}

/**
 * After more logins at a provider than a person begins, each further one waits: 1, 2, 4 s and so on up to half a minute. It is
 * never refused, because the owner who has to log in must be able to.
 */
export async function slowDownLogins(deps: LoginRateDeps, provider: string): Promise<void> {
  const trail = (await deps.vault())?.trail ?? null;
  const count = await loginsWithinHour(trail, deps.queue, provider, deps.clock.now());
  if (count < LOGINS_AN_HOUR) return;
  const pause = Math.min(LONGEST_PAUSE, SECOND * 2 ** (count - LOGINS_AN_HOUR));
  deps.audit.record({ event: 'logins_slowed', provider, count });
  deps.notice(
    `${count} logins at ${provider} were begun within the last hour, so this one waits ${formatDuration(pause)}; vault audit --since 1h shows them`,
  );
  await deps.clock.sleep(pause, deps.interruption);
}
