import { type Account, accountName } from '../domain/account.js';
import { VaultError } from '../domain/errors.js';
import type { RefreshOutcome } from '../domain/outcome.js';
import { dueness } from '../domain/token-state.js';
import type { Clock } from '../system/contract.js';
import type { Vault } from '../vault/vault.js';
import type { RefreshProgress, RefreshReport, RefreshRequest, RefreshResult } from './contract.js';
import { loginCommand } from './login-command.js';
import { loginNeeded } from './refusals.js';
import { selectAccounts } from './select-account.js';

export interface RefreshAllDeps {
  readonly vault: () => Promise<Vault | null>;
  readonly clock: Clock;
  readonly refresh: (vault: Vault, account: Account) => Promise<RefreshOutcome>;
  readonly interruption: AbortSignal;
}

/**
 * Refreshes what is due among the accounts asked for, several at a time. One failure does not stop the others; after
 * an interruption what is in flight is finished and nothing new is begun.
 *
 * @throws VaultError `account_not_found`, `account_ambiguous`; failures of single accounts are in the report
 */
export async function refreshAll(
  deps: RefreshAllDeps,
  request: RefreshRequest,
  progress: RefreshProgress,
): Promise<RefreshReport> {
  const vault = await deps.vault();
  const accounts = await candidates(vault, request);
  const results: (RefreshResult | undefined)[] = new Array(accounts.length);
  let next = 0;
  let done = 0;

  async function worker(present: Vault): Promise<void> {
    while (next < accounts.length && !deps.interruption.aborted) {
      const index = next;
      next += 1;
      const account = accounts[index];
      if (account === undefined) return;
      const result = await refreshIfDue(deps, present, account, request);
      results[index] = result;
      done += 1;
      progress(result, done, accounts.length);
    }
  }

  if (vault !== null) {
    const width = Math.min(request.concurrency, accounts.length);
    const workers = Array.from({ length: width }, () => worker(vault));
    // A bug that ends one worker must not end the command, and close the vault, while others wait for answers.
    for (const ended of await Promise.allSettled(workers)) {
      if (ended.status === 'rejected') throw ended.reason;
    }
  }
  return { results: results.filter((result) => result !== undefined) };
}

async function candidates(vault: Vault | null, request: RefreshRequest): Promise<readonly Account[]> {
  if (request.selectors.length > 0) return selectAccounts(vault, request.selectors, 'vault refresh');
  if (vault === null) return [];
  return vault.accounts(request.provider === null ? {} : { provider: request.provider });
}

async function refreshIfDue(
  deps: RefreshAllDeps,
  vault: Vault,
  account: Account,
  request: RefreshRequest,
): Promise<RefreshResult> {
  const { due, reason } = dueness(account, request.within, deps.clock.now());
  const result = (outcome: RefreshResult['outcome'], why: string, error: VaultError | null = null) => ({
    account,
    outcome,
    reason: why,
    error,
  });
  if (account.status === 'login_needed') {
    return result('login_needed', 'it rests until a new login', loginNeeded(account));
  }
  if (!due && !request.force) return result('skipped', `not due: ${reason}`);
  if (!account.hasRefreshToken) return withoutRefreshToken(account, reason, deps.clock.now());
  const why = due ? reason : `forced, though ${reason}`;
  if (request.dryRun) return result('would_refresh', why);
  return settle(deps, vault, account, why);
}

/** An access token that never ends, as far as known, needs no refresh; one that ends without a way to renew it does. */
function withoutRefreshToken(account: Account, reason: string, now: number): RefreshResult {
  const base = { account, reason: `${reason}, and there is no refresh token` };
  if (account.expiresAt === null || account.expiresAt > now)
    return { ...base, outcome: 'skipped', error: null };
  const error = new VaultError('login_needed', `${accountName(account)} has no refresh token: ${reason}`, {
    hint: loginCommand(account),
  });
  return { ...base, outcome: 'login_needed', error };
}

async function settle(
  deps: RefreshAllDeps,
  vault: Vault,
  account: Account,
  why: string,
): Promise<RefreshResult> {
  try {
    const outcome = await deps.refresh(vault, account);
    if (outcome.kind === 'refreshed')
      return { account: outcome.account, outcome: 'refreshed', reason: why, error: null };
    if (outcome.kind === 'adopted') {
      return {
        account: outcome.account,
        outcome: 'skipped',
        reason: 'another process refreshed it meanwhile',
        error: null,
      };
    }
    return {
      account: outcome.account,
      outcome: outcome.kind,
      reason: outcome.error.message,
      error: outcome.error,
    };
  } catch (failure) {
    if (!(failure instanceof VaultError)) throw failure;
    return { account, outcome: 'error', reason: failure.message, error: failure };
  }
}
