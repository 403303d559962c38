import { type Audit, type AuditEvent, aboutAccount } from '../../audit/events.js';
import { type Account, accountName } from '../../domain/account.js';
import { SECOND } from '../../domain/duration.js';
import { ERROR_CODES, isInterruption, VaultError } from '../../domain/errors.js';
import type { ConfiguredProvider } from '../../providers/contract.js';
import type { SealedAccount } from '../../stores/contract.js';
import type { Locks } from '../../stores/locks.js';
import type { Spill } from '../../stores/spill.js';
import type { Clock, Http } from '../../system/contract.js';
import type { Vault } from '../../vault/vault.js';
import { requireSameBinding } from '../account-provider.js';
import type { RevokeReport, RevokeRequest, RevokeResult } from '../contract.js';
import { takeInLogins } from '../login/login-waiting.js';
import { kindOf } from '../refresh/refresh-failure.js';
import { type HeldAccount, lockAndRead } from '../refresh/refresh-recover.js';
import { accountsOf, selectAccounts } from '../select-account.js';
import { askProvider, type ProviderAnswer } from './revoke-at-provider.js';

const LOCK_PATIENCE = 45 * SECOND;

export interface RevokeDeps {
  readonly vault: () => Promise<Vault | null>;
  readonly locks: Locks;
  readonly spill: () => Promise<Spill>;
  readonly http: () => Promise<Http>;
  readonly clock: Clock;
  readonly audit: Audit;
  readonly provider: (name: string) => Promise<ConfiguredProvider>;
  readonly interruption: AbortSignal;
}

/** @throws VaultError `account_not_found`, `account_ambiguous` */
export async function revocationTargets(
  open: () => Promise<Vault | null>,
  request: RevokeRequest,
): Promise<readonly Account[]> {
  const vault = await open();
  if (request.selectors.length > 0) return selectAccounts(vault, request.selectors, 'vault revoke');
  if (vault === null) return [];
  return accountsOf(vault, request.provider);
}

/**
 * Takes the grant back at the provider (RFC 7009), then forgets the account here. A provider that cannot be reached, or
 * refuses, leaves the account in place unless `local` was asked for: forgetting a live grant would leave nobody who
 * can revoke it.
 */
export async function revokeAccounts(deps: RevokeDeps, request: RevokeRequest): Promise<RevokeReport> {
  const vault = await deps.vault();
  const results: RevokeResult[] = [];
  // A login that could not be stored would bring an account back that was revoked, with a grant that was not.
  if (!request.dryRun) await takeInLogins({ ...deps, spill: await deps.spill() });
  for (const account of await revocationTargets(deps.vault, request)) {
    if (vault === null || deps.interruption.aborted) break;
    const result = await revokeOne(deps, vault, account, request);
    if (result === null) break;
    results.push(result);
  }
  return { results };
}

/** @returns null when it was interrupted before anything was done about this account */
async function revokeOne(
  deps: RevokeDeps,
  vault: Vault,
  seen: Account,
  request: RevokeRequest,
): Promise<RevokeResult | null> {
  const configured = await providerOrError(deps, seen);
  const manageUrl = configured instanceof VaultError ? null : configured.manageUrl;
  const result = (
    outcome: RevokeResult['outcome'],
    reason: string,
    error: VaultError | null = null,
  ): RevokeResult => ({
    account: seen,
    outcome,
    reason,
    manageUrl,
    error,
  });
  if (request.dryRun) return result('would_revoke', plan(configured, request));
  try {
    const { locks, interruption } = deps;
    const holding = { locks, spill: await deps.spill() };
    const held = await lockAndRead(holding, vault, seen.id, LOCK_PATIENCE, interruption);
    try {
      const { account } = held;
      if (account === null) return result('forgotten', 'another process had removed it already');
      const answer = await ask(deps, vault, account, configured);
      if (answer.kind !== 'revoked' && answer.kind !== 'unsupported' && !request.local) {
        return result(answer.kind, answer.error.message, answer.error);
      }
      const doubt = await whyInDoubt(vault, held);
      const event = answer.kind === 'revoked' && doubt === null ? 'revoked' : 'forgotten';
      const line: AuditEvent = { event, ...aboutAccount(account) };
      await vault.remove(account.id, line);
      deps.audit.record(line, 'chained');
      if (doubt === null) return result(event, answer.reason);
      const reason =
        answer.kind === 'revoked' ? 'its token was revoked, and it is forgotten here' : answer.reason;
      return result(event, `${reason}; the grant may live on, because ${doubt}`);
    } finally {
      await held.release();
    }
  } catch (failure) {
    if (isInterruption(failure)) return null;
    if (!(failure instanceof VaultError)) throw failure;
    const outcome = failure.code === 'busy' ? 'transient' : 'refused';
    if (failure.exitCode === ERROR_CODES.key_unavailable) {
      const error = cannotForget(seen, failure);
      return result(outcome, error.message, error);
    }
    return result(outcome, failure.message, failure);
  }
}

/** Why the refresh token that was sent may not be the newest one; null when it is. */
async function whyInDoubt(vault: Vault, { account, unopened }: HeldAccount): Promise<string | null> {
  if (account === null || !account.hasRefreshToken) return null;
  if (unopened > 0) return 'an answer that waits beside the vault and does not open may hold a newer token';
  const intent = await vault.intent(account.id);
  if (intent === null) return null;
  const at = new Date(intent.at).toISOString();
  return `the answer to its refresh of ${at} was lost, and may have brought a newer token`;
}

function plan(configured: ConfiguredProvider | VaultError, { local }: RevokeRequest): string {
  if (configured instanceof VaultError) {
    return `${local ? 'only forgotten here' : 'kept, unless --local is given'}: ${configured.message}`;
  }
  const { style, caution } = configured.revocation;
  if (style === 'none') return `only forgotten here: ${configured.title} has no way to revoke a grant`;
  const then = local ? 'forgotten here whatever it answers' : 'forgotten here';
  return `revoked at ${configured.title}, then ${then}${caution === null ? '' : `; ${caution}`}`;
}

/** A provider that is no longer configured must not keep an account from being forgotten with `--local`. */
async function providerOrError(deps: RevokeDeps, account: Account): Promise<ConfiguredProvider | VaultError> {
  try {
    const provider = await deps.provider(account.provider);
    requireSameBinding(account, provider);
    return provider;
  } catch (failure) {
    if (failure instanceof VaultError) return failure;
    throw failure;
  }
}

async function ask(
  deps: RevokeDeps,
  vault: Vault,
  account: SealedAccount,
  configured: ConfiguredProvider | VaultError,
): Promise<ProviderAnswer> {
  if (configured instanceof VaultError) return unasked(configured);
  try {
    return await askProvider(deps, configured, account, await vault.contents(account));
  } catch (failure) {
    // A sealed field that does not open cannot be revoked, but it can still be forgotten with `--local`.
    // Without the key it cannot even be forgotten, and trying again takes as long as the key source does.
    if (!(failure instanceof VaultError) || failure.exitCode === ERROR_CODES.key_unavailable) throw failure;
    return unasked(failure);
  }
}

/** What is in the vault is counted under its key: an account that went without it would look like one that vanished. */
function cannotForget(account: Account, { code, message, hint, details }: VaultError): VaultError {
  return new VaultError(
    code,
    `${accountName(account)} is still in the vault, because taking an account out needs the key as well: ${message}`,
    { ...(hint === undefined ? {} : { hint }), details },
  );
}

function unasked(error: VaultError): ProviderAnswer {
  const kind = kindOf(error.code) === 'transient' ? 'transient' : 'refused';
  return { kind, reason: `forgotten here only: ${error.message}`, error };
}
