import { MINUTE } from '../domain/duration.js';
import type { Locks } from '../stores/locks.js';

/** Long, because the process that holds the vault may be asking its user for a passphrase. */
export const VAULT_LOCK_TIMEOUT = MINUTE;

/**
 * Runs an action while no other process makes, copies or restores the vault or changes its keys.
 *
 * @param signal ends the wait for the lock
 * @throws VaultError `busy` after {@link VAULT_LOCK_TIMEOUT}; the signal's reason; what the action throws
 */
export async function holdingVault<T>(
  { locks }: { readonly locks: Locks },
  action: () => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const lock = await locks.acquire('vault', VAULT_LOCK_TIMEOUT, signal);
  try {
    return await action();
  } finally {
    await lock.release();
  }
}
