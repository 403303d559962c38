import type { Context } from '../../context.js';
import { type Account, accountName } from '../../domain/account.js';
import { ending } from '../../domain/dueness.js';
import { formatDuration } from '../../domain/duration-text.js';
import { isInterruption, VaultError } from '../../domain/errors.js';
import { command, loginCommand, shellName, widenCommand } from '../../domain/hints.js';
import { quoted } from '../../domain/safe-text.js';
import type { Secret } from '../../domain/secret.js';
import { awaitsLogin, isInBackoff, type RefreshOutcome } from '../../domain/status.js';
import { isGoodEnough, isUsable, livesFor } from '../../domain/token-state.js';
import type { ValidToken } from '../../domain/valid-token.js';
import { timesInARow } from '../../domain/wording.js';
import type { SealedAccount } from '../../stores/contract.js';
import type { Vault } from '../../vault/vault.js';
import {
  joined,
  unusableTokenWarning,
  withdrawalWarning,
  withdrawnScopes,
} from '../refresh/refresh-warnings.js';
import { loginNeeded } from '../refusals.js';
import { confirmMissing } from '../unknown-account.js';
import { digestOf } from './refused.js';
import type { TokenRequest } from './token-request.js';

/* What a request for a token does when the stored one is not simply good enough. A valid token does not load this file. */

export interface RenewContext extends Pick<Context, 'clock' | 'firstTime' | 'providerOrNull'> {
  /** Refreshes under the account's lock. @param fallback whether the stored access token serves if that fails */
  readonly refresh: (vault: Vault, account: Account, fallback: boolean) => Promise<RefreshOutcome>;
}

/** An outcome that brought another token. */
type Renewal = Extract<RefreshOutcome, { kind: 'refreshed' | 'adopted' }>;

interface Renewed {
  readonly account: SealedAccount;
  readonly warning: string | null;
}

/**
 * Refreshes the account when the request needs it. If that fails temporarily and the token still works, the failure is a
 * warning.
 *
 * @returns `changed` when another process has changed the account, so that the request starts again
 * @throws VaultError why there is no such token
 */
export async function renew(
  ctx: RenewContext,
  vault: Vault,
  account: SealedAccount,
  request: TokenRequest,
): Promise<Renewed | 'changed'> {
  await requireScopes(ctx, vault, account, request.scopes);
  const refused = request.refused !== undefined && (await isStored(vault, account, request.refused));
  const asked = request.refresh || refused;
  const now = ctx.clock.now();
  if (!asked && isGoodEnough(account, request.minValid, now))
    return {
      account,
      warning: joined([await deadGrant(ctx, account, now), tooShort(account, request, now)]),
    };
  const usable = isUsable(account, now) && account.sealed.accessToken !== null;
  const fallback = usable && !asked;
  if (fallback && (!account.hasRefreshToken || awaitsLogin(account, now))) {
    if (request.insist === true) throw loginNeeded(account);
    return {
      account,
      warning: `${shortLived(account, now)} and cannot be renewed: ${loginCommand(account)}`,
    };
  }
  if (awaitsLogin(account, now) && !(request.refresh && account.retryAt !== null)) throw loginNeeded(account);

  const outcome =
    !request.refresh && isInBackoff(account, now)
      ? backoffError(account, now)
      : await refreshOrExplain(ctx, vault, account, fallback);
  if (outcome instanceof VaultError) {
    // Waiting for another process may have taken as long as the token had left.
    const later = ctx.clock.now();
    if (!fallback || request.insist === true || !isUsable(account, later)) throw outcome;
    const next = outcome.hint === undefined ? '' : ` (${outcome.hint.replaceAll('\n', '; ')})`;
    const warning = `${shortLived(account, later)} and could not be renewed: ${outcome.message}${next}`;
    return { account, warning };
  }
  // Another process may have changed something else, its name for example, and the token is the same.
  if (refused && outcome.kind === 'adopted') return 'changed';
  return refreshed(ctx, vault, account, request, outcome);
}

/** Whether this is the stored access token. @param digest as from `digestOf` */
async function isStored(vault: Vault, account: SealedAccount, digest: string): Promise<boolean> {
  const stored = await vault.accessToken(account);
  return stored !== null && digestOf(stored) === digest;
}

/** The warning that a token is the last one, once for each. */
async function deadGrant({ firstTime }: RenewContext, account: Account, now: number): Promise<string | null> {
  const { id, generation, status, expiresAt } = account;
  if (status !== 'login_needed' || !(await firstTime(`${id}-login-needed`, String(generation)))) return null;
  const end = expiresAt === null ? '' : `, which ${ending(expiresAt, now)}`;
  return `${accountName(account)} needs a new login; until then you get its last token${end}: ${loginCommand(account)}`;
}

export function backoffError(account: Account, now: number): VaultError {
  const left = formatDuration((account.retryAt ?? now) - now);
  return new VaultError(
    'provider_unavailable',
    `the refresh of ${accountName(account)} failed ${timesInARow(account.failures)} and is tried again in ${left}: ${account.reason ?? account.lastError ?? 'the provider was not available'}`,
    { hint: `to try now: ${command(`token ${shellName(account)} --refresh`)}` },
  );
}

/** Returns a failure as a value, since a usable token makes it a warning; an interruption is thrown. */
export async function refreshOrExplain(
  ctx: RenewContext,
  vault: Vault,
  account: Account,
  fallback: boolean,
): Promise<VaultError | Renewal> {
  try {
    const outcome = await ctx.refresh(vault, account, fallback);
    return outcome.kind === 'refreshed' || outcome.kind === 'adopted' ? outcome : outcome.error;
  } catch (failure) {
    if (!(failure instanceof VaultError) || isInterruption(failure)) throw failure;
    return failure;
  }
}

async function refreshed(
  ctx: RenewContext,
  vault: Vault,
  before: Account,
  request: TokenRequest,
  outcome: Renewal,
): Promise<Renewed | 'changed'> {
  const account = await reread(vault, before);
  await requireScopes(ctx, vault, account, request.scopes);
  const now = ctx.clock.now();
  if (!isUsable(account, now)) {
    // Another process stored a token meanwhile that has expired as well: this time we refresh.
    if (outcome.kind === 'adopted') return 'changed';
    throw new VaultError(
      'provider_answer_invalid',
      `the new token of ${accountName(account)} ${ending(account.expiresAt ?? now, now)}, too soon to be used`,
      { hint: "compare this machine's clock with the real time: date -u" },
    );
  }
  const withdrawn = withdrawnScopes(before, account);
  const warning = joined([
    unusableTokenWarning(account),
    warningOf(outcome),
    withdrawn.length > 0 ? withdrawalWarning(account, withdrawn) : null,
    tooShort(account, request, now),
  ]);
  return { account, warning };
}

export function warningOf(outcome: Renewal): string | null {
  return outcome.kind === 'refreshed' ? (outcome.warning ?? null) : null;
}

/** @throws VaultError `account_not_found` */
export async function reread(vault: Vault, before: Account): Promise<SealedAccount> {
  const account = await vault.account(before.id);
  if (account !== null) return account;
  const removed = `${accountName(before)} was removed meanwhile`;
  throw await confirmMissing(
    vault,
    new VaultError('account_not_found', removed, { hint: command(`login ${quoted(before.provider)}`) }),
  );
}

/** The error for a stored access token that cannot be returned. */
export async function unusable(vault: Vault, account: SealedAccount, accessToken: Secret | null) {
  if (accessToken !== null) return notBearer(account);
  // If it was removed from the database, the other sealed fields do not open.
  await vault.identity(account);
  return loginNeeded(account);
}

/** A client must not use a token of a type that it does not understand (RFC 6749 §7.1). */
export function notBearer(account: ValidToken['account']): VaultError {
  return new VaultError(
    'token_type_unsupported',
    `the access token of ${accountName(account)} has the type ${account.tokenType}; if it is sent as a Bearer token, the server may refuse it or treat it as stolen`,
    {
      hint: `for a program that knows the type: ${command(`token ${shellName(account)} --format json`)}\nfor Bearer tokens: change how the client is registered at the provider, then ${loginCommand(account)}`,
      details: { token_type: account.tokenType },
    },
  );
}

export async function requireScopes(
  ctx: RenewContext,
  vault: Vault,
  account: SealedAccount,
  scopes: readonly string[],
): Promise<void> {
  const { grantedScopes } = account;
  const unlisted = scopes.filter((scope) => !grantedScopes.includes(scope));
  if (unlisted.length === 0) return;
  const aliases = (await ctx.providerOrNull(account.provider))?.scopeAliases ?? {};
  const missing = unlisted.filter(
    (scope) => !grantedScopes.some((granted) => aliases[granted] === scope || aliases[scope] === granted),
  );
  if (missing.length === 0) return;
  // The sealed fields are bound to the scopes: if these were altered, this fails first.
  await vault.identity(account);
  throw new VaultError('scope_missing', `${accountName(account)} was not granted ${missing.join(' ')}`, {
    hint: widenCommand(account, missing),
    details: { missing_scopes: missing, granted_scopes: grantedScopes },
  });
}

/** The warning when the provider's tokens do not live as long as requested. @throws VaultError `usage` with `insist` */
function tooShort(account: Account, request: TokenRequest, now: number): string | null {
  if (livesFor(account, request.minValid, now)) return null;
  const warning = `${shortLived(account, now)}: the provider does not issue longer-lived tokens`;
  if (request.insist !== true) return warning;
  throw new VaultError('usage', warning, { hint: 'ask for a shorter time: min_valid=30m' });
}

function shortLived(account: Account, now: number): string {
  return `the token of ${accountName(account)} expires in ${formatDuration((account.expiresAt ?? now) - now)}`;
}
