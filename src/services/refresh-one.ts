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
import type { AccountChange, Vault } from '../vault/vault.js';
import { requireSameBinding } from './account-provider.js';
import { loginCommand } from './login-command.js';
import { recordFailure, settledElsewhere } from './refresh-failure.js';
import { type RetryPolicy, sendPatiently } from './refresh-send.js';
import { refreshRefusal, unreachable } from './refusals.js';

/**
 * Longer than a request and its repeat take, so that a waiter usually sees the holder's result. A bulk run that waits out
 * a long Retry-After may hold the account for longer still; then the waiter is told that it is busy.
 */
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
    return settledElsewhere(seen, account) ?? (await refreshLocked(deps, vault, account, policy));
  } finally {
    await lock.release();
  }
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
    const [consent] = await vault.consents(account.id);
    const when = { consentedAt: consent?.at ?? account.createdAt, now: deps.clock.now() };
    return recordFailure(deps, vault, account, refreshRefusal(account, provider, result, when));
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
  const change = {
    ...tokenFacts(account, answer, at),
    grantExpiresAt:
      answer.refreshTokenExpiresIn === null
        ? account.grantExpiresAt
        : at + answer.refreshTokenExpiresIn * SECOND,
    grantedScopes,
    status: missing.length > 0 ? ('insufficient_scope' as const) : ('active' as const),
    reason: missing.length > 0 ? `not granted: ${missing.join(' ')}` : null,
    lastRefreshAt: at,
    lastError: null,
    failures: 0,
    updatedAt: deps.clock.now(),
  };
  const updated = await commit(vault, account, change, {
    accessToken: answer.accessToken ?? contents.accessToken,
    refreshToken: answer.refreshToken ?? contents.refreshToken,
    identity: contents.identity,
  });
  if (updated === null) return { kind: 'adopted', account: (await vault.account(account.id)) ?? account };
  deps.audit.record({
    event: 'refreshed',
    provider: account.provider,
    account: account.id,
    generation: updated.generation,
  });
  if (answer.accessToken !== null) return { kind: 'refreshed', account: updated };
  const error = new VaultError(
    'provider_answer_invalid',
    `${provider.title} answered without a usable access token for ${accountName(account)}`,
    {
      hint: 'the new refresh token in that answer is stored; try again in a moment',
    },
  );
  return recordFailure(deps, vault, updated, error);
}

/** What belongs to the access token; an answer without a usable one leaves the old one and its times as they were. */
function tokenFacts(account: Account, answer: GrantedAnswer, at: number) {
  if (answer.accessToken === null) {
    const { tokenType, issuedAt, expiresAt } = account;
    return { tokenType, issuedAt, expiresAt };
  }
  const expiresAt = answer.expiresIn === null ? null : at + answer.expiresIn * SECOND;
  return { tokenType: answer.tokenType, issuedAt: at, expiresAt };
}

/** @throws VaultError the vault's own, which then also says that the provider has answered already */
async function commit(vault: Vault, account: SealedAccount, change: AccountChange, contents: Contents) {
  try {
    return await vault.update(account, change, contents);
  } catch (failure) {
    if (!(failure instanceof VaultError)) throw failure;
    const what = `the new tokens of ${accountName(account)} could not be stored: ${failure.message}`;
    const next = `mend that and try again at once; if the provider no longer takes the old refresh token: ${loginCommand(account)}`;
    throw new VaultError(failure.code, what, {
      hint: failure.hint === undefined ? next : `${failure.hint}; ${next}`,
      cause: failure,
    });
  }
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
