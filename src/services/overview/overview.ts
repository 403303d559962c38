import type { Abuse } from '../../audit/abuse.js';
import { recentAbuse } from '../../audit/abuse.js';
import type { Account } from '../../domain/account.js';
import { missingScopes } from '../../domain/scopes.js';
import type { EventQueue } from '../../stores/audit-queue.js';
import type { Locks } from '../../stores/locks.js';
import type { Clock } from '../../system/contract.js';
import type { Vault } from '../../vault/vault.js';
import type { AccountDetail, ListRequest, OpenRefresh } from '../contract.js';
import { selectAccount } from '../select-account.js';

export interface ListDeps {
  readonly vault: () => Promise<Vault | null>;
  readonly clock: Clock;
}

export interface ShowDeps {
  readonly vault: () => Promise<Vault | null>;
  /** What is known of a provider by name alone; null for one that is no longer configured. */
  readonly describe: (
    provider: string,
  ) => Promise<{ readonly title: string; readonly manageUrl: string | null } | null>;
  readonly locks: Pick<Locks, 'isFree'>;
}

/** The accounts, by name. Fetches no key: everything shown lies open in the database. */
export async function listAccounts(deps: ListDeps, request: ListRequest): Promise<readonly Account[]> {
  const vault = await deps.vault();
  if (vault === null) return [];
  const accounts = await vault.accounts(request.provider === null ? {} : { provider: request.provider });
  const { status, expiringWithin } = request;
  const limit = expiringWithin === null ? null : deps.clock.now() + expiringWithin;
  return accounts.filter(
    (account) =>
      (status === null || account.status === status) && (limit === null || endsBefore(account, limit)),
  );
}

/** @throws VaultError `account_not_found`, `account_ambiguous` */
export async function showAccount(deps: ShowDeps, selector: string): Promise<AccountDetail> {
  const vault = await deps.vault();
  const account = await selectAccount(vault, selector, 'vault show');
  const provider = await deps.describe(account.provider);
  return {
    account,
    missingScopes: missingScopes(account.askedScopes, account.grantedScopes),
    consents: vault === null ? [] : await vault.consents(account.id),
    providerTitle: provider?.title ?? account.provider,
    manageUrl: provider?.manageUrl ?? null,
    openRefresh: vault === null ? null : await openRefresh(vault, account, deps.locks),
  };
}

/** Whoever refreshes holds the account's lock and has an intent as well, so it is read once more when the lock is free. */
async function openRefresh(
  vault: Vault,
  { id }: Account,
  locks: ShowDeps['locks'],
): Promise<OpenRefresh | null> {
  if ((await vault.intent(id)) === null || !locks.isFree(id)) return null;
  const intent = await vault.intent(id);
  return intent === null ? null : { at: intent.at, attempts: intent.attempt };
}

function endsBefore(account: Account, limit: number): boolean {
  return [account.expiresAt, account.grantExpiresAt].some((end) => end !== null && end <= limit);
}

export interface StatusRequest {
  /** What ends within this time is near its end, in milliseconds. */
  readonly within: number;
}

/** How things stand, at a glance. */
export interface VaultStatus {
  readonly hasVault: boolean;
  readonly accounts: readonly Account[];
  /** Accounts whose access token ends within the time and cannot be renewed. */
  readonly tokensEnding: readonly Account[];
  readonly grantsEnding: readonly Account[];
  /** Milliseconds since the epoch; null when nothing was ever refreshed. */
  readonly lastRefreshAt: number | null;
  /** The process id of the agent; null when none runs. */
  readonly agent: number | null;
  /** What the last day's events tell. */
  readonly abuse: readonly Abuse[];
  /** Milliseconds since the epoch. */
  readonly at: number;
}

export interface StatusUseCases {
  /** Needs no key. */
  status(request: StatusRequest): Promise<VaultStatus>;
}

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
