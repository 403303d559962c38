import { NOTICE_AFTER, type Refresher, slowNotice } from '../../access/refresher-client.js';
import type { RetryPolicyName } from '../../access/refresher-protocol.js';
import type { Context } from '../../context.js';
import type { Account } from '../../domain/account.js';
import { SECOND } from '../../domain/duration.js';
import { VaultError } from '../../domain/errors.js';
import type { RefreshOutcome } from '../../domain/status.js';
import type { Lock } from '../../stores/locks.js';
import type { Vault } from '../../vault/vault.js';
import { outcomeElsewhere } from './refresh-failure.js';
import { RETRY_POLICIES } from './refresh-send.js';

/** Has the refresher refresh one account. If several commands want that at the same time, only one of them starts a refresher. */
export async function requestRefresh(
  ctx: Pick<Context, 'clock' | 'locks' | 'interruption'>,
  refresher: Refresher,
  vault: Vault,
  account: Account,
  policy: RetryPolicyName,
): Promise<RefreshOutcome> {
  const { clock } = ctx;
  refresher.prepare();
  const { lockTimeout, timeout } = RETRY_POLICIES[policy];
  const begun = clock.elapsed();
  const turn = await takeTurn({ ...ctx, notice: refresher.notice }, account, lockTimeout);
  try {
    const now = await vault.account(account.id);
    const openIntent = await vault.intent(account.id);
    const elsewhere = now === null ? null : outcomeElsewhere(account, now, openIntent, clock.now());
    if (elsewhere !== null) return elsewhere;
    // Without a usable token, or with --refresh, the request is sent even while an outcome is open.
    const evenIfOpen = policy !== 'none';
    const left = Math.max(timeout - (clock.elapsed() - begun), SECOND);
    return await refresher.refresh(vault, account, { policy, evenIfOpen, timeout: left });
  } finally {
    await turn.release();
  }
}

/**
 * Waits until no other command asks for a refresh of this one account. `refresh --all` and the agent's checks take no turn:
 * only the lock of the account makes them wait.
 *
 * @param timeout milliseconds
 * @throws VaultError `busy` when that ends first
 */
export async function takeTurn(
  deps: Pick<Context, 'locks' | 'interruption'> & Pick<Refresher, 'notice'>,
  account: Account,
  timeout: number,
): Promise<Lock> {
  const { locks, interruption, notice } = deps;
  const name = `${account.id}-turn`;
  const left = timeout - NOTICE_AFTER;
  try {
    return await locks.acquire(name, Math.min(timeout, NOTICE_AFTER), interruption);
  } catch (failure) {
    if (left <= 0 || !(failure instanceof VaultError) || failure.code !== 'busy') throw failure;
    notice(slowNotice(account, left));
    return locks.acquire(name, left, interruption);
  }
}
