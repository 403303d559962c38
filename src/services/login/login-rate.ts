import { LOGINS_AN_HOUR, loginsWithinHour } from '../../audit/abuse.js';
import type { EventQueue } from '../../stores/audit-queue.js';
import type { Vault } from '../../vault/vault.js';
import { type SlowDownDeps, slowDown } from '../slow-down.js';

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
