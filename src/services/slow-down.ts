import { FAILED_LOGINS, failedLogins } from '../audit/reading.js';
import { type SlowDownDeps, slowDown } from '../audit/slow-down.js';
import type { VaultEvents } from '../vault/queued-events.js';
import type { Vault } from '../vault/vault.js';

/** After many failed or abandoned logins at a provider the next ones wait; see {@link slowDown}. */
export async function slowDownLogins(
  ctx: SlowDownDeps & { readonly events: Pick<VaultEvents, 'queue'> },
  { trail }: Pick<Vault, 'trail'>,
  provider: string,
): Promise<void> {
  const count = await failedLogins(trail, ctx.events.queue, provider, ctx.clock.now());
  if (count < FAILED_LOGINS) return;
  const why = `${count} logins at ${provider} failed or were abandoned within the last hour`;
  await slowDown(ctx, count - FAILED_LOGINS, { event: 'logins_slowed', provider, count }, why);
}
