import type { SeenAccount } from '../../access/refresher-protocol.js';
import { type Account, accountName } from '../../domain/account.js';
import { type Audit, type AuditEvent, aboutAccount } from '../../domain/audit-events.js';
import { type ErrorCode, EXIT_CODES, VaultError } from '../../domain/errors.js';
import { command, shellName } from '../../domain/hints.js';
import type { RefreshOutcome } from '../../domain/status.js';
import { type FailureKind, nextStatus } from '../../domain/status.js';
import type { AttemptRecord, Intent } from '../../stores/contract.js';
import type { Clock } from '../../system/contract.js';
import type { Vault } from '../../vault/vault.js';
import { isLoginUncertain, loginNeeded } from '../refusals.js';
import { openDetails, openHint, openOutcome } from './open-refresh.js';

const TRANSIENT_CODES: readonly ErrorCode[] = [
  'provider_unavailable',
  'network_failed',
  'provider_answer_invalid',
  'refresh_interrupted',
];

export interface FailureDeps {
  readonly clock: Clock;
  readonly audit: Audit;
}

/**
 * Records a failed refresh and returns its outcome. The tokens stay: a temporary failure changes nothing, and after
 * `login_needed` the refresh token is kept unused, in case the provider erred.
 *
 * @param settled whether nothing is open: no attempt with this refresh token may have reached the provider, or the provider has
 * given its final answer to it
 * @param retryAfter how long the provider wants to be left alone, in milliseconds; null: it did not say
 */
export async function recordFailure(
  deps: FailureDeps,
  vault: Vault,
  account: Account,
  error: VaultError,
  settled: boolean,
  retryAfter: number | null = null,
): Promise<RefreshOutcome> {
  const kind = kindOf(error.code);
  const now = deps.clock.now();
  const said = {
    failure: kind,
    code: error.code,
    reason: error.message,
    loginUncertain: isLoginUncertain(error),
  };
  const notBefore = retryAfter === null ? null : now + retryAfter;
  const status = nextStatus(account, { kind: 'failed', ...said, notBefore, now });
  const recorded = { ...status, updatedAt: now, settled };
  const event: AuditEvent = { event: 'refresh_failed', ...aboutAccount(account), code: error.code };
  const chained = await recordQuietly(vault, account, recorded, event);
  deps.audit.record(event, chained ? 'chained' : undefined);
  return { kind, account: { ...account, ...recorded }, error };
}

/**
 * The outcome of another process between the first read and the lock. Its result or failure is adopted, and the provider is not
 * asked again.
 *
 * @param openIntent this account's refresh whose outcome is still open; null if there is none
 * @param at milliseconds since the epoch
 * @returns null when nothing happened meanwhile
 */
export function outcomeElsewhere(
  seen: SeenAccount,
  now: Account,
  openIntent: Pick<Intent, 'at'> | null,
  at: number,
): RefreshOutcome | null {
  if (now.generation !== seen.generation) return { kind: 'adopted', account: now };
  if (now.failures === seen.failures || now.lastError === null) return null;
  const code = isErrorCode(now.lastError) ? now.lastError : 'provider_unavailable';
  const kind = kindOf(code);
  if (kind === 'login_needed') return { kind, account: now, error: loginNeeded(now) };
  const hint =
    kind === 'transient'
      ? 'nothing is lost; try again in a few minutes'
      : `to ask again and see the provider's answer: ${command(`refresh ${shellName(now)} --force`)}`;
  const message = `another process could not refresh ${accountName(now)} a moment ago (${code})`;
  if (openIntent !== null) {
    const said = { hint: openHint(now, at), details: openDetails(openIntent.at) };
    return {
      kind,
      account: now,
      error: new VaultError(code, `${message}; ${openOutcome(openIntent.at)}`, said),
    };
  }
  return { kind, account: now, error: new VaultError(code, message, { hint }) };
}

/** Whether it may pass, needs a login, or needs a change of settings. */
export function kindOf(code: ErrorCode): FailureKind {
  if (code === 'login_needed') return 'login_needed';
  return TRANSIENT_CODES.includes(code) ? 'transient' : 'refused';
}

function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(EXIT_CODES, text);
}

/** When this cannot be written (a full disk, say), the caller still gets the failure itself. */
async function recordQuietly(
  vault: Vault,
  account: Account,
  attempt: AttemptRecord,
  event: AuditEvent,
): Promise<boolean> {
  try {
    return await vault.recordAttempt(account, attempt, event);
  } catch (failure) {
    if (!(failure instanceof VaultError)) throw failure;
    return false;
  }
}
