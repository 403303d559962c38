import { type Account, accountName } from '../../domain/account.js';
import { ending } from '../../domain/dueness.js';
import { MINUTE } from '../../domain/duration.js';
import { VaultError } from '../../domain/errors.js';
import { loginCommand, widenCommand } from '../../domain/hints.js';
import { awaitsLogin, isInBackoff } from '../../domain/status.js';
import { isUsable } from '../../domain/token-state.js';
import { issuedAt } from '../../oauth/claims.js';
import type { SealedAccount } from '../../stores/contract.js';
import type { IdToken } from '../../vault/sealed-account.js';
import type { Vault } from '../../vault/vault.js';
import { loginNeeded } from '../refusals.js';
import { livesLongEnough } from './id-token-life.js';
import { digestOf } from './refused.js';
import {
  backoffError,
  type RenewContext,
  refreshOrExplain,
  requireScopes,
  reread,
  warningOf,
} from './renew.js';
import type { TokenRequest } from './token-request.js';

/** An id_token that can be returned, and the warning that goes with it. */
export interface FoundIdToken extends IdToken {
  readonly account: SealedAccount;
  readonly warning: string | null;
}

/** The clocks of provider and machine may differ by this much. */
const SKEW = MINUTE;
/** After a refresh that brought no id_token, the next one is made no sooner than this. */
const PAUSE = 5 * MINUTE;

/**
 * What a request for an id_token does when the stored one is not simply good enough. The account is refreshed once, which need
 * not bring another (OpenID Connect Core §12.2); then the stored one is returned with a warning as long as it is valid.
 *
 * @returns `changed` when another process has changed the account, so that the request starts again
 * @throws VaultError why there is none
 */
export async function renewIdToken(
  ctx: RenewContext,
  vault: Vault,
  account: SealedAccount,
  request: TokenRequest,
): Promise<FoundIdToken | 'changed'> {
  await requireScopes(ctx, vault, account, request.scopes);
  const { idToken: stored } = await vault.contents(account);
  if (stored === null && !account.askedScopes.includes('openid')) throw notAsked(account);
  const now = ctx.clock.now();
  const refused = stored !== null && request.refused === digestOf(stored.token);
  const asked = request.refresh || refused;
  if (stored !== null && !asked && livesLongEnough(stored.token, stored.expiresAt, request.minValid, now))
    return { account, ...stored, warning: null };

  const usable = stored !== null && !asked && isUsable(stored, now) ? stored : null;
  const outcome = await refreshOnce(ctx, vault, account, request, stored);
  if (outcome instanceof VaultError) {
    if (usable === null || request.insist === true) throw outcome;
    const next = outcome.hint === undefined ? '' : ` (${outcome.hint.replaceAll('\n', '; ')})`;
    return { account, ...usable, warning: `a new one could not be fetched: ${outcome.message}${next}` };
  }
  const after = await reread(vault, account);
  const { idToken: brought } = await vault.contents(after);
  const isOther = brought !== null && brought.token.reveal() !== stored?.token.reveal();
  if (isOther && isUsable(brought, ctx.clock.now()))
    return { account: after, ...brought, warning: warningOf(outcome) };
  if (outcome.kind === 'adopted') return 'changed';
  const why = warningOf(outcome);
  if (usable === null || request.insist === true) throw notBrought(after, stored, why, now);
  return { account: after, ...usable, warning: why ?? 'the refresh returned no new one' };
}

/**
 * Refreshes the account with the usual safety: not while it needs a login, or while the provider is to be left alone; and as long
 * as the access token works, not while the outcome of an earlier refresh is open.
 *
 * @returns a failure as a value, since a usable id_token makes it a warning
 */
async function refreshOnce(
  ctx: RenewContext,
  vault: Vault,
  account: SealedAccount,
  { refresh }: TokenRequest,
  stored: IdToken | null,
) {
  const now = ctx.clock.now();
  if (!account.hasRefreshToken) return cannotRenew(account, stored, now);
  if (awaitsLogin(account, now) && !(refresh && account.retryAt !== null)) return loginNeeded(account);
  if (!refresh && isInBackoff(account, now)) return backoffError(account, now);
  if (!refresh && hasJustBroughtNone(account, stored, now)) return notBrought(account, stored, null, now);
  const accessTokenWorks = account.sealed.accessToken !== null && isUsable(account, now);
  return refreshOrExplain(ctx, vault, account, accessTokenWorks && !refresh);
}

/** Else each request would refresh the account at a provider that sends no id_token with a refresh. */
function hasJustBroughtNone({ lastRefreshAt }: Account, stored: IdToken | null, now: number): boolean {
  if (lastRefreshAt === null || Math.abs(now - lastRefreshAt) >= PAUSE) return false;
  return stored === null || issuedAt(stored.token) < lastRefreshAt - SKEW;
}

function notAsked(account: Account): VaultError {
  return new VaultError(
    'scope_missing',
    `${accountName(account)} has no id_token: it was logged in without the scope openid`,
    { hint: widenCommand(account, ['openid']), details: { missing_scopes: ['openid'] } },
  );
}

function cannotRenew(account: Account, stored: IdToken | null, now: number): VaultError {
  return new VaultError(
    'login_needed',
    `${stateOf(account, stored, now)}, and a new one cannot be fetched without a refresh token`,
    { hint: loginCommand(account) },
  );
}

/** @param why the id_token of the refresh was not stored */
function notBrought(account: Account, stored: IdToken | null, why: string | null, now: number): VaultError {
  return new VaultError(
    'login_needed',
    `${stateOf(account, stored, now)}, and ${why ?? 'the last refresh brought none: a provider need not send one'}`,
    { hint: `a login brings one: ${loginCommand(account)}` },
  );
}

function stateOf(account: Account, stored: IdToken | null, now: number): string {
  const name = accountName(account);
  return stored === null
    ? `${name} has no id_token`
    : `the id_token of ${name} ${ending(stored.expiresAt, now)}`;
}
