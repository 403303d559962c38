import { equalBytes } from '../../crypto/derive.js';
import { accountName } from '../../domain/account.js';
import { isInterruption, VaultError } from '../../domain/errors.js';
import { shellName } from '../../domain/hints.js';
import type { Store, VaultHead } from '../../stores/contract.js';
import { PATIENCE } from '../keys/keys.js';
import { takeInAll, type WaitingLoginDeps } from '../login/login-waiting.js';

/* Answers wait beside the vault, and neither a backup nor the vault that a restore keeps holds what is there. */

/**
 * Stores what waits, before a backup is made: the refresh token that is stored was spent for it.
 *
 * @throws VaultError when something cannot be stored, with the account's name
 */
export async function takeInForBackup(deps: WaitingLoginDeps): Promise<void> {
  const [failed] = await takeInAll(deps, PATIENCE);
  if (failed === undefined) return;
  const { account, error } = failed;
  const hint = [...(error.hint === undefined ? [] : [error.hint]), `vault refresh ${shellName(account)}`];
  throw new VaultError(
    error.code,
    `no backup was made, because it would lack the newest refresh token of ${accountName(account)}: an answer for it waits beside the vault and could not be stored: ${error.message}`,
    { hint: hint.join('\n'), cause: error },
  );
}

/** What of a vault tells whether it can take in what waits. */
export interface WaitingFor extends Pick<VaultHead, 'vaultId' | 'wrappedKeys'> {
  /** Ids. */
  readonly accounts: readonly string[];
}

export async function waitingFor(store: Store): Promise<WaitingFor> {
  const { vaultId, wrappedKeys } = await store.head();
  return { vaultId, wrappedKeys, accounts: (await store.accounts()).map(({ id }) => id) };
}

/**
 * Stores what waits in the vault that is about to be replaced, and kept, unless the backup that is restored takes it in: it is
 * the same vault with the same keys, and has the accounts. What cannot be stored stays where it is: it must keep no backup from
 * being restored.
 *
 * @throws VaultError the interruption's reason
 */
export async function takeInUnlessRestored(
  deps: WaitingLoginDeps,
  living: WaitingFor,
  restored: WaitingFor,
): Promise<void> {
  const keys = new Set(restored.wrappedKeys.map(({ dataKeyId }) => dataKeyId));
  const sameKeys = living.wrappedKeys.every(({ dataKeyId }) => keys.has(dataKeyId));
  const waiting = deps.spill.all().filter(({ generation }) => generation !== null);
  const isThere = waiting.every(({ accountId }) => restored.accounts.includes(accountId));
  if (equalBytes(living.vaultId, restored.vaultId) && sameKeys && isThere) return;
  try {
    await takeInAll(deps, PATIENCE);
  } catch (failure) {
    if (!(failure instanceof VaultError) || isInterruption(failure)) throw failure;
  }
}
