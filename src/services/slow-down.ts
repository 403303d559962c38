import { LOGINS_AN_HOUR, loginsWithinHour } from '../audit/abuse.js';
import { type SlowDownDeps, slowDown } from '../audit/slow-down.js';
import type { VaultEvents } from '../vault/queued-events.js';
import type { Vault } from '../vault/vault.js';

/** More logins at one provider within an hour than usual wait; see {@link slowDown}. */
export async function slowDownLogins(
  ctx: SlowDownDeps & { readonly events: Pick<VaultEvents, 'queue'> },
  { trail }: Pick<Vault, 'trail'>,
  provider: string,
): Promise<void> {
  const started = await loginsWithinHour(trail, ctx.events.queue, provider, ctx.clock.now());
  if (started < LOGINS_AN_HOUR) return;
  const why = `${started} logins at ${provider} were started within the last hour`;
  await slowDown(ctx, started - LOGINS_AN_HOUR, { event: 'logins_slowed', provider, count: started }, why);
}
