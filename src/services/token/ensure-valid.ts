import { type Audit, aboutAccount } from '../../audit/events.js';
import { type Account, accountName } from '../../domain/account.js';
import { formatDuration } from '../../domain/duration.js';
import { isInterruption, VaultError } from '../../domain/errors.js';
import { loginCommand, shellName, widenCommand } from '../../domain/hints.js';
import type { RefreshOutcome } from '../../domain/status.js';
import { awaitsLogin, isInBackoff } from '../../domain/status.js';
import { ending, isBearer, isUsable, isValidFor } from '../../domain/token-state.js';
import type { SealedAccount } from '../../stores/contract.js';
import type { Clock } from '../../system/contract.js';
import type { Vault } from '../../vault/vault.js';
import type { TokenRequest, ValidToken } from '../contract.js';
import { unusableTokenWarning, withdrawalWarning, withdrawnScopes } from '../refresh/refresh-notes.js';
import { loginNeeded } from '../refusals.js';
import { confirmMissing, selectAccount } from '../select-account.js';

export interface EnsureValidDeps {
  readonly vault: () => Promise<Vault | null>;
  readonly clock: Clock;
  /** Told of each token that is given. */
  readonly audit?: Audit;
  /** Short scope name → what the provider calls it, for scopes that seem not to be granted. */
  readonly scopeAliases: (provider: string) => Promise<Readonly<Record<string, string>>>;
  /** Refreshes under the account's lock. Loaded only when it is called: a valid token needs no network code. */
  readonly refresh: (vault: Vault, account: Account, tokenAtHand: boolean) => Promise<RefreshOutcome>;
}

/**
 * The heart: a valid access token, or a clear reason why not. A token that is good for long enough is given at once.
 * Otherwise the account is refreshed; if that fails for now and the token still works, it is given with a warning.
 *
 * @throws VaultError whatever keeps the token from being had; never opens a browser
 */
export async function ensureValid(deps: EnsureValidDeps, request: TokenRequest): Promise<ValidToken> {
  const vault = await deps.vault();
  const { id } = await selectAccount(vault, request.selector, 'token');
  if (vault === null)
    throw new VaultError('account_not_found', 'there is no vault yet', { hint: 'vault login google' });
  const account = await vault.account(id);
  if (account === null) return ensureValid(deps, request);
  await requireScopes(deps, vault, account, request.scopes);

  const now = deps.clock.now();
  if (!request.refresh && isValidFor(account, request.minValid, now))
    return give(deps, vault, account, request, tooShort(account, request, now));
  const usable = isUsable(account, now) && account.sealed.accessToken !== null;
  if (!request.refresh && usable && !canRefresh(account, now)) {
    if (request.insist === true) throw loginNeeded(account);
    return give(
      deps,
      vault,
      account,
      request,
      `${shortLived(account, now)} and cannot be renewed: ${loginCommand(account)}`,
    );
  }
  if (awaitsLogin(account, now) && !(request.refresh && account.retryAt !== null)) throw loginNeeded(account);

  const fallback = usable && !request.refresh;
  const outcome =
    !request.refresh && isInBackoff(account, now)
      ? resting(account, now)
      : await refreshOrExplain(deps, vault, account, fallback);
  if (outcome instanceof VaultError) {
    // Waiting for another process may have taken as long as the token had left.
    const later = deps.clock.now();
    if (!fallback || request.insist === true || !isUsable(account, later)) throw outcome;
    const next = outcome.hint === undefined ? '' : ` (${outcome.hint.replaceAll('\n', '; ')})`;
    const warning = `${shortLived(account, later)} and could not be renewed: ${outcome.message}${next}`;
    return give(deps, vault, account, request, warning);
  }
  return giveRefreshed(deps, vault, account, request, outcome.kind === 'adopted');
}

/** After failures in a row a provider is left alone for a while, by scripts that ask every minute too. */
function resting(account: Account, now: number): VaultError {
  const left = formatDuration((account.retryAt ?? now) - now);
  return new VaultError(
    'provider_unavailable',
    `refreshing ${accountName(account)} failed ${account.failures} times in a row, and is tried again in ${left}: ${account.reason ?? account.lastError ?? 'the provider was not available'}`,
    { hint: `to try it now: vault token ${shellName(account)} --refresh` },
  );
}

/** Every failure comes back as a value, since with a usable token at hand none is final; an interruption is obeyed. */
async function refreshOrExplain(
  deps: EnsureValidDeps,
  vault: Vault,
  account: Account,
  tokenAtHand: boolean,
): Promise<VaultError | Extract<RefreshOutcome, { kind: 'refreshed' | 'adopted' }>> {
  try {
    const outcome = await deps.refresh(vault, account, tokenAtHand);
    return outcome.kind === 'refreshed' || outcome.kind === 'adopted' ? outcome : outcome.error;
  } catch (failure) {
    if (!(failure instanceof VaultError) || isInterruption(failure)) throw failure;
    return failure;
  }
}

async function giveRefreshed(
  deps: EnsureValidDeps,
  vault: Vault,
  before: Account,
  request: TokenRequest,
  adopted: boolean,
): Promise<ValidToken> {
  const account = await vault.account(before.id);
  if (account === null) {
    const removed = `${accountName(before)} was removed meanwhile`;
    throw await confirmMissing(
      vault,
      new VaultError('account_not_found', removed, { hint: loginCommand(before) }),
    );
  }
  await requireScopes(deps, vault, account, request.scopes);
  const now = deps.clock.now();
  if (!isUsable(account, now)) {
    // Another process stored something meanwhile, and it is stale as well: this time it is our turn.
    if (adopted) return ensureValid(deps, request);
    throw new VaultError(
      'provider_answer_invalid',
      `the new token of ${accountName(account)} ${ending(account.expiresAt ?? now, now)}, too soon to be used`,
      {
        hint: "compare this machine's clock with the real time: date -u",
      },
    );
  }
  return give(deps, vault, account, request, shortcomings(before, account, request, now));
}

/** What a good new token lacks all the same. */
function shortcomings(before: Account, account: Account, request: TokenRequest, now: number): string | null {
  const withdrawn = withdrawnScopes(before, account);
  const odd = unusableTokenWarning(account);
  const short = tooShort(account, request, now);
  const said = [
    ...(odd === null ? [] : [odd]),
    ...(withdrawn.length > 0 ? [withdrawalWarning(account, withdrawn)] : []),
    ...(short === null ? [] : [short]),
  ];
  return said.length === 0 ? null : said.join('; ');
}

async function give(
  { audit }: EnsureValidDeps,
  vault: Vault,
  account: SealedAccount,
  request: TokenRequest,
  warning: string | null,
): Promise<ValidToken> {
  const accessToken = await vault.accessToken(account);
  if (accessToken === null) {
    // Taken out by somebody, it would show in what the other fields are bound to.
    await vault.identity(account);
    throw loginNeeded(account);
  }
  const unusable = request.anyType === true ? null : notBearer(account);
  if (unusable !== null) throw unusable;
  const email = request.withIdentity ? ((await vault.identity(account))?.email ?? null) : null;
  audit?.record({ event: 'token_given', ...aboutAccount(account), ...request.caller });
  return { account, accessToken, email, warning };
}

/** A client must not use a token of a type that it does not understand (RFC 6749 §7.1). @returns null for a Bearer token */
export function notBearer(account: ValidToken['account']): VaultError | null {
  if (isBearer(account)) return null;
  return new VaultError(
    'token_type_unsupported',
    `the access token of ${accountName(account)} is of the type ${account.tokenType}, so it cannot be used as a Bearer token, and a server may refuse it or take it for stolen`,
    {
      hint: `for a program that knows the type: vault token ${shellName(account)} --format json\nfor Bearer tokens: change how the client is registered at the provider, then ${loginCommand(account)}`,
      details: { token_type: account.tokenType },
    },
  );
}

function canRefresh(account: Account, now: number): boolean {
  return account.hasRefreshToken && !awaitsLogin(account, now);
}

async function requireScopes(
  deps: EnsureValidDeps,
  vault: Vault,
  account: SealedAccount,
  scopes: readonly string[],
): Promise<void> {
  const { grantedScopes } = account;
  const unlisted = scopes.filter((scope) => !grantedScopes.includes(scope));
  if (unlisted.length === 0) return;
  const aliases = await deps.scopeAliases(account.provider);
  const missing = unlisted.filter(
    (scope) => !grantedScopes.some((granted) => aliases[granted] === scope || aliases[scope] === granted),
  );
  if (missing.length === 0) return;
  // They are bound to what is sealed: were they altered, it does not open, and nothing is said of scopes.
  await vault.identity(account);
  throw new VaultError('scope_missing', `${accountName(account)} was not granted ${missing.join(' ')}`, {
    hint: widenCommand(account, missing),
    details: { missing_scopes: missing, granted_scopes: grantedScopes },
  });
}

/**
 * Where the provider's tokens do not live as long as was asked for, the best there is is given, and said so.
 *
 * @throws VaultError `usage` to who insists
 */
function tooShort(account: Account, request: TokenRequest, now: number): string | null {
  const short = account.expiresAt !== null && account.expiresAt - now < request.minValid;
  if (!short) return null;
  const warning = `${shortLived(account, now)}: this provider gives no longer ones`;
  if (request.insist !== true) return warning;
  throw new VaultError('usage', warning, { hint: 'ask for less: min_valid=30m' });
}

function shortLived(account: Account, now: number): string {
  return `the token of ${accountName(account)} ends in ${formatDuration((account.expiresAt ?? now) - now)}`;
}
