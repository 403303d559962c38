import { VAULT_LOCK_TIMEOUT } from '../../access/vault-lock.js';
import { unlockAudited } from '../../access/with-keyring.js';
import { equalBytes } from '../../crypto/derive.js';
import { accountName } from '../../domain/account.js';
import { throwIfInterrupted } from '../../domain/async.js';
import type { Audit } from '../../domain/audit-events.js';
import { ERROR_CODES, isInterruption, VaultError } from '../../domain/errors.js';
import { command, shellName } from '../../domain/hints.js';
import type { KeySource } from '../../keysources/contract.js';
import type { Store, VaultHead } from '../../stores/contract.js';
import type { RollbackMarks } from '../../stores/rollback-marks.js';
import type { Clock } from '../../system/contract.js';
import { wrongRows } from '../../vault/damage.js';
import { createGuard } from '../../vault/guard.js';
import type { Keyring } from '../../vault/keyring.js';
import { openLedger, type TrailLine } from '../../vault/ledger.js';
import { openContents } from '../../vault/sealed-record.js';
import { compare, explain } from '../../vault/verify.js';
import { storeAllWaiting, type WaitingLoginDeps } from '../login/waiting-logins.js';

const NO_MARKS: RollbackMarks = {
  where: [],
  folder: '',
  read: () => null,
  create: () => {},
  overwrite: () => {},
};

/** What the check of a copy of a vault found. */
export interface CopyCheck {
  readonly accounts: number;
  /** Why its accounts could not be opened: the key is not at hand. Null when every one of them opens. */
  readonly unopened: VaultError | null;
}

export interface CopyCheckDeps {
  /** Told when the key does not open it. */
  readonly audit: Audit;
  readonly interruption: AbortSignal;
}

/** A copy of a vault, looked over. */
export interface CheckedCopy {
  readonly check: CopyCheck;
  /** What opened it, which the caller wipes; null when the key is not at hand. */
  readonly keyring: Keyring | null;
}

/**
 * Opens everything in a copy of a vault, as far as its key is at hand.
 *
 * @param path for errors
 * @throws VaultError `vault_damaged`, `vault_newer` when a field does not open or rows are missing; the interruption's reason
 */
export async function checkCopy(
  { audit, interruption }: CopyCheckDeps,
  store: Store,
  source: KeySource,
  path: string,
): Promise<CheckedCopy> {
  const accounts = await store.accounts();
  let keyring: Keyring;
  try {
    const unlocked = await unlockAudited(audit, path, await store.head(), source);
    unlocked.master.fill(0);
    keyring = unlocked.keyring;
  } catch (failure) {
    if (!(failure instanceof VaultError) || failure.exitCode !== ERROR_CODES.key_missing) throw failure;
    return { check: { accounts: accounts.length, unopened: failure }, keyring: null };
  }
  try {
    await openAll(store, keyring, interruption);
  } catch (failure) {
    keyring.wipe();
    throw failure;
  }
  return { check: { accounts: accounts.length, unopened: null }, keyring };
}

/** Puts a line at the end of the trail in a copy. A copy lies where no vault is used, so no place's mark is moved for it. */
export async function noteInCopy(
  store: Store,
  keyring: Keyring,
  clock: Clock,
  line: TrailLine,
): Promise<void> {
  await createGuard({ store, keyring, marks: NO_MARKS, clock, notice: () => {} }).record(store.note, line);
}

async function openAll(store: Store, keyring: Keyring, interruption: AbortSignal): Promise<void> {
  const { ledger, rows } = await store.rowSet();
  const account = (id: string) => store.account(id);
  const apart = compare(keyring, openLedger(keyring, ledger ?? (await store.ledger())), rows);
  if (apart !== null) throw wrongRows(await explain(keyring, rows, apart, account));
  for (const { id } of rows) {
    await throwIfInterrupted(interruption);
    const found = await account(id);
    if (found !== null) openContents(keyring, found);
  }
}

/* Answers wait beside the vault, and neither a backup nor the vault that a restore keeps holds what is there. */

/**
 * Stores what waits, before a backup is made: the refresh token that is stored was spent for it.
 *
 * @throws VaultError when something cannot be stored, with the account's name
 */
export async function storeWaitingBeforeBackup(deps: WaitingLoginDeps): Promise<void> {
  const [failed] = await storeAllWaiting(deps, VAULT_LOCK_TIMEOUT);
  if (failed === undefined) return;
  const { account, error } = failed;
  const hint = [...(error.hint === undefined ? [] : [error.hint]), command(`refresh ${shellName(account)}`)];
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
export async function storeWaitingUnlessRestored(
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
    await storeAllWaiting(deps, VAULT_LOCK_TIMEOUT);
  } catch (failure) {
    if (!(failure instanceof VaultError) || isInterruption(failure)) throw failure;
  }
}
