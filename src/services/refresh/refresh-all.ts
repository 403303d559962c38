import type { Context } from '../../context.js';
import { type Account, accountName } from '../../domain/account.js';
import { dueness } from '../../domain/dueness.js';
import { formatDuration } from '../../domain/duration-text.js';
import { isKeyFailure, isVaultFailure, VaultError } from '../../domain/errors.js';
import { loginCommand } from '../../domain/hints.js';
import type { RefreshOutcome } from '../../domain/status.js';
import { awaitsLogin, isInBackoff, nextStatus } from '../../domain/status.js';
import { timesInARow } from '../../domain/wording.js';
import type { Clock } from '../../system/contract.js';
import { concernsWholeVault } from '../../vault/damage.js';
import type { Vault } from '../../vault/vault.js';
import { storeAllWaiting } from '../login/waiting-logins.js';
import { type NotifyContext, notifyDue } from '../notify/notify.js';
import { loginNeeded } from '../refusals.js';
import type { NameContext } from '../select-account.js';
import { accountsOf, selectAccounts } from '../select-accounts.js';
import { notSentWhileOpen, openSinceOf, worksWhileOpen } from './open-refresh.js';
import { RETRY_POLICIES } from './refresh-send.js';
import { joined, unusableTokenWarning, withdrawnScopes } from './refresh-warnings.js';

export interface RefreshRequest {
  /** Empty with `all` or `provider`. */
  readonly selectors: readonly string[];
  readonly all: boolean;
  readonly provider: string | null;
  /** Accounts are due whose token or grant expires within this time, in milliseconds. */
  readonly within: number;
  readonly force: boolean;
  readonly dryRun: boolean;
  readonly concurrency: number;
}

export type RefreshResultKind =
  | 'refreshed'
  | 'skipped'
  | 'would_refresh'
  | 'login_needed'
  | 'transient'
  | 'refused'
  | 'busy'
  | 'error';

export interface RefreshResult {
  readonly account: Account;
  readonly outcome: RefreshResultKind;
  /** Why, in words. */
  readonly reason: string;
  readonly error: VaultError | null;
  /** Scopes that were granted before and not in this refresh. */
  readonly withdrawnScopes?: readonly string[];
  /** About an answer that was good. */
  readonly warning?: string;
  /**
   * When the first attempt was begun whose outcome is open, milliseconds since the epoch. The provider may have replaced the
   * refresh token since.
   */
  readonly openSince?: number;
}

export interface RefreshReport {
  readonly results: readonly RefreshResult[];
}

/**
 * How many orders a refresher has for each request that it sends at a time. What waits for its turn is prepared meanwhile, and
 * shares its commits.
 */
const PREPARED = 4;

/** Called as each account is done, in the order of completion. */
export type RefreshProgress = (result: RefreshResult, done: number, total: number) => void;

/** Called when the provider asks to wait before it is asked again. @param milliseconds until then */
export type RefreshPause = (account: Account, milliseconds: number) => void;

type RefreshContext = NotifyContext & NameContext & Pick<Context, 'locks' | 'refresher' | 'spill'>;

/**
 * Refreshes accounts through one refresher process, after storing the spilled answers.
 *
 * @throws VaultError as {@link refreshAll}
 */
export async function refreshAccounts(
  ctx: RefreshContext,
  request: RefreshRequest,
  progress: RefreshProgress,
  paused: RefreshPause = () => undefined,
): Promise<RefreshReport> {
  const { selectors, concurrency: most } = request;
  const concurrency = selectors.length === 0 ? most : Math.min(most, selectors.length);
  const refresher = await ctx.refresher({ concurrency });
  const { timeout } = RETRY_POLICIES.long;
  const refresh: RefreshAllDeps['refresh'] = (vault, account, evenIfOpen) =>
    refresher.refresh(vault, account, {
      policy: 'long',
      evenIfOpen,
      timeout,
      onPause: (milliseconds) => paused(account, milliseconds),
    });
  if (!request.dryRun) await storeAllWaiting({ ...ctx, spill: await ctx.spill() }, 0);
  const report = await refreshAll({ ...ctx, refresh }, request, progress);
  if (!request.dryRun) await notifyDue(ctx);
  return report;
}

export interface RefreshAllDeps extends NameContext {
  readonly vault: () => Promise<Vault | null>;
  readonly clock: Clock;
  /** @param evenIfOpen the user asked for it by the account's name */
  readonly refresh: (vault: Vault, account: Account, evenIfOpen: boolean) => Promise<RefreshOutcome>;
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
  const accounts = await candidates(deps, vault, request);
  const results: (RefreshResult | undefined)[] = new Array(accounts.length);
  let next = 0;
  let done = 0;

  async function worker(open: Vault): Promise<void> {
    while (next < accounts.length && !deps.interruption.aborted) {
      const index = next;
      next += 1;
      const account = accounts[index];
      if (account === undefined) return;
      const result = await refreshIfDue(deps, open, account, request);
      results[index] = result;
      done += 1;
      progress(result, done, accounts.length);
    }
  }

  if (vault !== null) {
    const length = Math.min(request.concurrency * PREPARED, accounts.length);
    const workers = Array.from({ length }, () => worker(vault));
    // A bug in one worker must not end the command and close the vault while the others wait for answers.
    for (const ended of await Promise.allSettled(workers)) {
      if (ended.status === 'rejected') throw ended.reason;
    }
  }
  return { results: results.filter((result) => result !== undefined) };
}

async function candidates(
  deps: NameContext,
  vault: Vault | null,
  request: RefreshRequest,
): Promise<readonly Account[]> {
  if (request.selectors.length > 0) return selectAccounts(deps, vault, request.selectors, 'refresh');
  if (vault === null) return [];
  return accountsOf(vault, request.provider);
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
  if (awaitsLogin(account, deps.clock.now()) && !(request.force && account.retryAt !== null)) {
    return result('login_needed', 'skipped until a new login', loginNeeded(account));
  }
  if (!due && !request.force) return result('skipped', `not due: ${reason}`);
  if (!account.hasRefreshToken) return withoutRefreshToken(deps, vault, account, reason, request.dryRun);
  if (!request.force && isInBackoff(account, deps.clock.now())) {
    return result('skipped', backoffReason(account, deps.clock.now()));
  }
  const why = due ? reason : `forced, though ${reason}`;
  // `--all --force` does not ask for this account by name.
  const evenIfOpen = request.force && request.selectors.length > 0;
  if (!request.dryRun) return refreshAndReport(deps, vault, account, why, evenIfOpen);
  const now = deps.clock.now();
  const openIntent = evenIfOpen ? null : await vault.intent(account.id);
  return openIntent === null || !worksWhileOpen(account, openIntent, now)
    ? result('would_refresh', why)
    : { ...result('skipped', ''), ...skippedAsOpen(notSentWhileOpen(account, openIntent, now)) };
}

function backoffReason({ failures, retryAt }: Account, now: number): string {
  return `it failed ${timesInARow(failures)} and is tried again in ${formatDuration((retryAt ?? now) - now)}`;
}

/**
 * An access token of unknown lifetime needs no refresh; one that has expired needs a login. A refresh token that was removed
 * from the database is noticed, because the other sealed fields are bound to it.
 */
async function withoutRefreshToken(
  deps: RefreshAllDeps,
  vault: Vault,
  account: Account,
  why: string,
  dryRun: boolean,
): Promise<RefreshResult> {
  const base = { account, reason: `${why}, and there is no refresh token` };
  const now = deps.clock.now();
  const ended = account.expiresAt !== null && account.expiresAt <= now;
  const error = new VaultError('login_needed', `${accountName(account)} has no refresh token: ${why}`, {
    hint: loginCommand(account),
  });
  if (!dryRun) {
    const damage = await damageOf(vault, account);
    if (damage !== null) return { account, outcome: 'error', reason: damage.message, error: damage };
    const event = {
      kind: 'failed',
      failure: 'login_needed',
      code: error.code,
      reason: error.message,
      now,
    } as const;
    if (ended)
      await vault.recordAttempt(account, { ...nextStatus(account, event), updatedAt: now, settled: true });
  }
  return ended ? { ...base, outcome: 'login_needed', error } : { ...base, outcome: 'skipped', error: null };
}

async function damageOf(vault: Vault, { id }: Account): Promise<VaultError | null> {
  try {
    const account = await vault.account(id);
    if (account !== null) await vault.identity(account);
    return null;
  } catch (failure) {
    if (isVaultFailure(failure)) return failure;
    throw failure;
  }
}

function skippedAsOpen(error: VaultError) {
  const since = openSinceOf(error);
  const open = since === null ? {} : { openSince: since };
  return { outcome: 'skipped', reason: error.message, error: null, ...open } as const;
}

function renewed(before: Account, account: Account, ofAnswer?: string) {
  const withdrawn = withdrawnScopes(before, account);
  const warning = joined([unusableTokenWarning(account), ofAnswer]);
  return {
    account,
    error: null,
    ...(withdrawn.length > 0 ? { withdrawnScopes: withdrawn } : {}),
    ...(warning === null ? {} : { warning }),
  };
}

async function refreshAndReport(
  deps: RefreshAllDeps,
  vault: Vault,
  account: Account,
  why: string,
  evenIfOpen: boolean,
): Promise<RefreshResult> {
  try {
    const outcome = await deps.refresh(vault, account, evenIfOpen);
    if (outcome.kind === 'open') return { account: outcome.account, ...skippedAsOpen(outcome.error) };
    if (outcome.kind === 'refreshed')
      return { ...renewed(account, outcome.account, outcome.warning), outcome: 'refreshed', reason: why };
    if (outcome.kind === 'adopted') {
      const reason = 'another process refreshed it meanwhile';
      return { ...renewed(account, outcome.account), outcome: 'skipped', reason };
    }
    const { error } = outcome;
    const since = openSinceOf(error);
    return {
      account: outcome.account,
      outcome: outcome.kind,
      reason: error.message,
      error,
      ...(since === null ? {} : { openSince: since }),
    };
  } catch (failure) {
    // Without the key, or with a damaged vault, no account can be refreshed: one error is enough.
    if (!(failure instanceof VaultError) || isKeyFailure(failure)) throw failure;
    if (concernsWholeVault(failure)) throw failure;
    return { account, outcome: 'error', reason: failure.message, error: failure };
  }
}
