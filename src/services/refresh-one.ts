import type { Audit } from '../audit/events.js';
import { type Account, accountName } from '../domain/account.js';
import { SECOND } from '../domain/duration.js';
import { VaultError } from '../domain/errors.js';
import type { RefreshOutcome } from '../domain/outcome.js';
import { canonicalScopes, missingScopes } from '../domain/scopes.js';
import { TransportFailure } from '../domain/transport.js';
import type { GrantedAnswer } from '../oauth/contract.js';
import { refresh } from '../oauth/token-endpoint.js';
import type { ConfiguredProvider } from '../providers/contract.js';
import type { Locks, SealedAccount } from '../stores/contract.js';
import type { Clock, Http } from '../system/contract.js';
import type { Contents } from '../vault/sealed-record.js';
import type { Vault } from '../vault/vault.js';
import { requireSameBinding } from './account-provider.js';
import { loginCommand } from './login-command.js';
import { recordFailure } from './refresh-failure.js';
import { type RetryPolicy, sendPatiently } from './refresh-send.js';
import { refreshRefusal, unreachable } from './refusals.js';

/** Longer than one whole exchange with its repeats, so that a waiter sees the holder's result rather than give up. */
const LOCK_PATIENCE = 45 * SECOND;

export interface RefreshDeps {
  readonly locks: Locks;
  readonly http: () => Promise<Http>;
  readonly clock: Clock;
  readonly audit: Audit;
  /** The user's settings for the provider of this name. @throws VaultError */
  readonly provider: (name: string) => Promise<ConfiguredProvider>;
  readonly interruption: AbortSignal;
}

/**
 * Refreshes one account under its lock, in this order: lock, read again, send once, store what came, and only then
 * judge it. While one process does so every other waits, then finds the new token when it reads again.
 *
 * @param seen the account as the caller read it before; when another process has changed it since, its result is taken
 * over and nothing is sent
 */
export async function refreshOne(
  deps: RefreshDeps,
  vault: Vault,
  seen: Account,
  policy: RetryPolicy,
): Promise<RefreshOutcome> {
  let lock: Awaited<ReturnType<Locks['acquire']>>;
  try {
    lock = await deps.locks.acquire(seen.id, LOCK_PATIENCE, deps.interruption);
  } catch (failure) {
    if (failure instanceof VaultError && failure.code === 'busy')
      return { kind: 'busy', account: seen, error: failure };
    throw failure;
  }
  try {
    const account = await vault.account(seen.id);
    if (account === null) {
      throw new VaultError(
        'account_not_found',
        `${accountName(seen)} was removed by another process meanwhile`,
        {
          hint: loginCommand(seen),
        },
      );
    }
    const elsewhere = settledElsewhere(seen, account);
    return elsewhere ?? (await refreshLocked(deps, vault, account, policy));
  } finally {
    await lock.release();
  }
}

/** What another process made of the account between our first look and the lock. */
function settledElsewhere(seen: Account, now: Account): RefreshOutcome | null {
  if (now.generation !== seen.generation) return { kind: 'adopted', account: now };
  if (now.failures === seen.failures || now.lastError === null) return null;
  const error = new VaultError(
    'provider_unavailable',
    `another process could not refresh ${accountName(now)} a moment ago`,
    {
      hint: 'nothing is lost; try again in a few minutes',
    },
  );
  return { kind: 'transient', account: now, error };
}

async function refreshLocked(
  deps: RefreshDeps,
  vault: Vault,
  account: SealedAccount,
  policy: RetryPolicy,
): Promise<RefreshOutcome> {
  const provider = await deps.provider(account.provider);
  requireSameBinding(account, provider);
  const contents = await vault.contents(account);
  const { refreshToken } = contents;
  if (refreshToken === null) return { kind: 'login_needed', account, error: nothingToRefreshWith(account) };
  const http = await deps.http();
  const sent = await sendPatiently(
    () =>
      refresh(http, {
        endpoint: account.tokenEndpoint,
        refreshToken,
        provider,
        clientId: provider.clientId,
        clientSecret: provider.clientSecret,
      }),
    policy,
    deps.clock,
    deps.interruption,
  );
  const { result } = sent;
  if (result instanceof TransportFailure) return recordFailure(deps, vault, account, unreachable(result));
  if (result.kind === 'refused') {
    return recordFailure(deps, vault, account, refreshRefusal(account, provider, result, deps.clock.now()));
  }
  return store(deps, vault, account, contents, provider, result, sent.at);
}

/**
 * Stores a granted answer as the next generation. A new refresh token is kept whatever else the answer lacks: the one
 * it replaces may be dead already. An answer without one leaves the stored one in place (RFC 6749 §6).
 */
async function store(
  deps: RefreshDeps,
  vault: Vault,
  account: SealedAccount,
  contents: Contents,
  provider: ConfiguredProvider,
  answer: GrantedAnswer,
  at: number,
): Promise<RefreshOutcome> {
  const grantedScopes =
    answer.scopes === null
      ? account.grantedScopes
      : canonicalScopes(account.askedScopes, answer.scopes, provider);
  const missing = missingScopes(account.askedScopes, grantedScopes);
  const usable = answer.accessToken !== null;
  const updated = await vault.update(
    account,
    {
      tokenType: answer.tokenType,
      issuedAt: at,
      expiresAt: expiry(account, answer, at),
      grantExpiresAt:
        answer.refreshTokenExpiresIn === null
          ? account.grantExpiresAt
          : at + answer.refreshTokenExpiresIn * SECOND,
      grantedScopes,
      status: missing.length > 0 ? 'insufficient_scope' : 'active',
      reason: missing.length > 0 ? `not granted: ${missing.join(' ')}` : null,
      lastRefreshAt: at,
      lastError: null,
      failures: 0,
      updatedAt: deps.clock.now(),
    },
    {
      accessToken: answer.accessToken ?? contents.accessToken,
      refreshToken: answer.refreshToken ?? contents.refreshToken,
      identity: contents.identity,
    },
  );
  if (updated === null) return { kind: 'adopted', account: (await vault.account(account.id)) ?? account };
  deps.audit.record({
    event: 'refreshed',
    provider: account.provider,
    account: account.id,
    generation: updated.generation,
  });
  if (usable) return { kind: 'refreshed', account: updated };
  const error = new VaultError(
    'provider_answer_invalid',
    `${provider.title} answered without a usable access token for ${accountName(account)}`,
    {
      hint: 'the new refresh token in that answer is stored; try again in a moment',
    },
  );
  return recordFailure(deps, vault, updated, error);
}

/** The end of the new access token; an answer without a usable one leaves the old token and its end as they were. */
function expiry(account: Account, answer: GrantedAnswer, at: number): number | null {
  if (answer.accessToken === null) return account.expiresAt;
  return answer.expiresIn === null ? null : at + answer.expiresIn * SECOND;
}

function nothingToRefreshWith(account: Account): VaultError {
  return new VaultError(
    'login_needed',
    `${accountName(account)} has no refresh token, so its access token cannot be renewed`,
    {
      hint: loginCommand(account),
    },
  );
}
