import { type Account, accountName } from '../../domain/account.js';
import { DAY, HOUR, MINUTE } from '../../domain/duration.js';
import { VaultError } from '../../domain/errors.js';
import type { RefreshOutcome } from '../../domain/status.js';
import { awaitsLogin, isInBackoff } from '../../domain/status.js';
import { dueness } from '../../domain/token-state.js';
import type { Clock } from '../../system/contract.js';
import type { Vault } from '../../vault/vault.js';
import type { RefreshResult } from '../contract.js';
import { refreshAll } from '../refresh/refresh-all.js';
import type { AgentCheck, AgentRequest } from './agent-contract.js';
import type { AgentVault } from './agent-vault.js';

/** How long an account is left alone after a failure that waiting does not cure, at first and at most. */
const REST = { first: 10 * MINUTE, longest: HOUR };

export interface AgentCheckDeps {
  readonly vault: AgentVault;
  readonly clock: Clock;
  readonly refresh: (vault: Vault, account: Account) => Promise<RefreshOutcome>;
}

interface Rest {
  readonly generation: number;
  readonly until: number;
  readonly pause: number;
}

/**
 * The check of all accounts that an agent makes again and again: what ends soon is refreshed, as `refresh --all` does it.
 * In between it remembers which accounts it leaves alone.
 *
 * @returns begins nothing new once its signal is aborted; never rejects, but for a bug
 */
export function agentCheck(
  deps: AgentCheckDeps,
  request: AgentRequest,
): (stop: AbortSignal) => Promise<AgentCheck> {
  const rests = new Map<string, Rest>();

  function isLeftAlone({ id, generation }: Account, now: number): boolean {
    const rest = rests.get(id);
    if (rest === undefined || rest.generation !== generation) return false;
    return now < rest.until && rest.until - now <= REST.longest;
  }

  /** A wrong client secret or a provider that is not configured: no status holds an attempt every few minutes back. */
  function remember({ account: { id, generation }, outcome }: RefreshResult, now: number): void {
    if (outcome !== 'refused' && outcome !== 'error') {
      rests.delete(id);
      return;
    }
    const before = rests.get(id);
    const pause = before === undefined ? REST.first : Math.min(before.pause * 2, REST.longest);
    rests.set(id, { generation, pause, until: now + pause });
  }

  async function check(vault: Vault | null, stop: AbortSignal): Promise<AgentCheck> {
    const at = deps.clock.now();
    if (vault === null) return { at, accounts: 0, loginNeeded: 0, results: [], error: null };
    // With the key in memory a keychain that is locked later is no obstacle.
    await vault.rehearse();
    const accounts = await vault.accounts();
    const due = accounts.filter((account) => isWorthwhile(account, request, at) && !isLeftAlone(account, at));
    const results = due.length === 0 ? [] : await refreshThem(vault, due, stop);
    for (const result of results) remember(result, deps.clock.now());
    const resting = (await vault.accounts()).filter(({ status }) => status === 'login_needed');
    return { at, accounts: accounts.length, loginNeeded: resting.length, results, error: null };
  }

  async function refreshThem(
    vault: Vault,
    due: readonly Account[],
    interruption: AbortSignal,
  ): Promise<readonly RefreshResult[]> {
    const { clock, refresh } = deps;
    const { results } = await refreshAll(
      { vault: async () => vault, clock, refresh, interruption },
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
 * Whether an account is due and something can be done for it. A token whose end nobody knows is renewed once a day: every
 * few minutes would be a burden, and never would let an unused grant lapse.
 */
function isWorthwhile(account: Account, { ahead, every }: AgentRequest, now: number): boolean {
  if (awaitsLogin(account, now) || isInBackoff(account, now)) return false;
  const { expiresAt, issuedAt } = account;
  if (expiresAt === null) {
    const last = account.lastRefreshAt ?? account.createdAt;
    return account.hasRefreshToken && Math.abs(now - last) >= DAY;
  }
  // One that never lives that long would be due at every check: half its life does, while that outlasts two checks.
  const lifetime = expiresAt - issuedAt;
  const within = ahead < lifetime ? ahead : Math.max(lifetime / 2, 2 * every);
  return dueness(account, within, now).due && (account.hasRefreshToken || expiresAt <= now);
}
