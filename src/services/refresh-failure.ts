import type { Audit } from '../audit/events.js';
import type { Account } from '../domain/account.js';
import { VaultError } from '../domain/errors.js';
import type { RefreshOutcome } from '../domain/outcome.js';
import type { AttemptRecord } from '../stores/contract.js';
import type { Clock } from '../system/contract.js';
import type { Vault } from '../vault/vault.js';
import { needsLogin } from './refusals.js';

/** Transient failures in a row after which an account counts as failing. */
const FAILING_AFTER = 3;
const TRANSIENT_CODES = ['provider_unavailable', 'network_failed', 'provider_answer_invalid'];

export interface FailureDeps {
  readonly clock: Clock;
  readonly audit: Audit;
}

/**
 * Takes a failed refresh down and names its outcome. The tokens stay as they are, the refresh token too: a hiccup
 * changes nothing, and after `login_needed` it is kept unused, in case the provider erred.
 */
export async function recordFailure(
  deps: FailureDeps,
  vault: Vault,
  account: Account,
  error: VaultError,
): Promise<RefreshOutcome> {
  const kind = needsLogin(error)
    ? 'login_needed'
    : TRANSIENT_CODES.includes(error.code)
      ? 'transient'
      : 'refused';
  const failures = account.failures + 1;
  const status =
    kind === 'login_needed'
      ? 'login_needed'
      : kind === 'transient' && failures >= FAILING_AFTER && account.status === 'active'
        ? 'failing'
        : account.status;
  const recorded = {
    status,
    reason: status === account.status && status !== 'failing' ? account.reason : error.message,
    lastError: error.code,
    failures,
    updatedAt: deps.clock.now(),
  };
  await recordQuietly(vault, account, recorded);
  deps.audit.record({
    event: 'refresh_failed',
    provider: account.provider,
    account: account.id,
    code: error.code,
  });
  return { kind, account: { ...account, ...recorded }, error };
}

/** When even this cannot be written (a full disk, say), the failure itself is still what the caller must hear of. */
async function recordQuietly(vault: Vault, account: Account, attempt: AttemptRecord): Promise<void> {
  try {
    await vault.recordAttempt(account, attempt);
  } catch (failure) {
    if (!(failure instanceof VaultError)) throw failure;
  }
}
