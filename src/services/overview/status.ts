import { recentAbuse } from '../../audit/abuse.js';
import type { EventQueue } from '../../stores/audit-queue.js';
import type { Clock } from '../../system/contract.js';
import type { Vault } from '../../vault/vault.js';
import type { StatusRequest, VaultStatus } from './status-contract.js';

export interface StatusDeps {
  readonly vault: () => Promise<Vault | null>;
  readonly queue: EventQueue;
  readonly clock: Clock;
  /** The process id of the agent; null when none runs. */
  readonly agent: () => Promise<number | null>;
}

/** How things stand. Fetches no key: everything it tells of lies open in the database. */
export async function vaultStatus(deps: StatusDeps, { within }: StatusRequest): Promise<VaultStatus> {
  const vault = await deps.vault();
  const now = deps.clock.now();
  const accounts = vault === null ? [] : await vault.accounts();
  const ends = (end: number | null) => end !== null && end <= now + within;
  const refreshes = accounts.flatMap(({ lastRefreshAt }) => lastRefreshAt ?? []);
  return {
    hasVault: vault !== null,
    accounts,
    tokensEnding: accounts.filter(({ expiresAt, hasRefreshToken }) => ends(expiresAt) && !hasRefreshToken),
    grantsEnding: accounts.filter(({ grantExpiresAt }) => ends(grantExpiresAt)),
    lastRefreshAt: refreshes.length === 0 ? null : refreshes.reduce((a, b) => Math.max(a, b)),
    agent: await deps.agent(),
    abuse: await recentAbuse(vault?.trail ?? null, deps.queue, now),
    at: now,
  };
}
