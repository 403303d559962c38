import { type Account, accountName } from '../../domain/account.js';
import { dueness } from '../../domain/dueness.js';
import { DAY, HOUR, MINUTE } from '../../domain/duration.js';
import { VaultError } from '../../domain/errors.js';
import type { RefreshOutcome } from '../../domain/status.js';
import { awaitsLogin, isInBackoff } from '../../domain/status.js';
import type { Clock } from '../../system/contract.js';
import type { Vault } from '../../vault/vault.js';
import { type RefreshResult, refreshAll } from '../refresh/refresh-all.js';
import type { NameContext } from '../select-account.js';
import type { AgentCheck, AgentRequest } from './agent-report.js';
import type { AgentVault } from './agent-vault.js';

/** How long an account is skipped after a failure that time does not cure, at first and at most. */
const BACKOFF = { first: 10 * MINUTE, longest: HOUR };

export interface AgentCheckDeps extends NameContext {
  readonly vault: AgentVault;
  readonly clock: Clock;
  readonly refresh: (vault: Vault, account: Account) => Promise<RefreshOutcome>;
}

interface Backoff {
  readonly generation: number;
  readonly until: number;
  readonly pause: number;
}

/**
 * The regular check of all accounts: what expires soon is refreshed, as by `refresh --all`. From one check to the next it
 * remembers which accounts to skip.
 *
 * @returns a function that begins nothing new once its signal is aborted, and rejects only for a bug
 */
export function agentCheck(
  deps: AgentCheckDeps,
  request: AgentRequest,
): (stop: AbortSignal) => Promise<AgentCheck> {
  const backoffs = new Map<string, Backoff>();

  function isInBackoff({ id, generation }: Account, now: number): boolean {
    const backoff = backoffs.get(id);
    if (backoff === undefined || backoff.generation !== generation) return false;
    return now < backoff.until && backoff.until - now <= BACKOFF.longest;
  }

  /** A wrong client secret, or a provider that is not configured: the account's own status does not delay the next attempt. */
  function remember({ account: { id, generation }, outcome }: RefreshResult, now: number): void {
    if (outcome !== 'refused' && outcome !== 'error') {
      backoffs.delete(id);
      return;
    }
    const before = backoffs.get(id);
    const pause = before === undefined ? BACKOFF.first : Math.min(before.pause * 2, BACKOFF.longest);
    backoffs.set(id, { generation, pause, until: now + pause });
  }

  async function check(vault: Vault | null, stop: AbortSignal): Promise<AgentCheck> {
    const at = deps.clock.now();
    if (vault === null) return { at, accounts: 0, loginNeeded: 0, results: [], error: null };
    // Loads the key now, so that a keychain that is locked later does not matter.
    await vault.rehearse();
    const accounts = await vault.accounts();
    const due = accounts.filter((account) => isWorthwhile(account, request, at) && !isInBackoff(account, at));
    const results = due.length === 0 ? [] : await refreshThem(vault, due, stop);
    for (const result of results) remember(result, deps.clock.now());
    const needLogin = (await vault.accounts()).filter(({ status }) => status === 'login_needed');
    return { at, accounts: accounts.length, loginNeeded: needLogin.length, results, error: null };
  }

  async function refreshThem(
    vault: Vault,
    due: readonly Account[],
    interruption: AbortSignal,
  ): Promise<readonly RefreshResult[]> {
    const { results } = await refreshAll(
      { ...deps, vault: async () => vault, interruption },
      {
        selectors: due.map(accountName),
        all: false,
        provider: null,
        within: request.ahead,
        force: false,
        dryRun: false,
        concurrency: request.concurrency,
      },
      () => {},
    );
    if (results.some(({ error }) => error?.code === 'vault_damaged')) deps.vault.reopen();
    return results;
  }

  return async (stop) => {
    const at = deps.clock.now();
    try {
      return await deps.vault.use((vault) => check(vault, stop));
    } catch (error) {
      if (!(error instanceof VaultError)) throw error;
      return { at, accounts: 0, loginNeeded: 0, results: [], error };
    }
  };
}

/**
 * Whether an account is due and can be refreshed. A token of unknown lifetime is refreshed once a day: every few minutes
 * would burden the provider, and never would let an unused grant expire.
 */
function isWorthwhile(account: Account, { ahead, every }: AgentRequest, now: number): boolean {
  if (awaitsLogin(account, now) || isInBackoff(account, now)) return false;
  const { expiresAt, issuedAt } = account;
  if (expiresAt === null) {
    const last = account.lastRefreshAt ?? account.createdAt;
    return account.hasRefreshToken && Math.abs(now - last) >= DAY;
  }
  // A token with a shorter lifetime than `ahead` would be due at every check. So half of its lifetime counts, or the time of two
  // checks if that is longer.
  const lifetime = expiresAt - issuedAt;
  const within = ahead < lifetime ? ahead : Math.max(lifetime / 2, 2 * every);
  return dueness(account, within, now).due && (account.hasRefreshToken || expiresAt <= now);
}
