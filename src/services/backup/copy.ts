import { VAULT_LOCK_TIMEOUT } from '../../access/vault-lock.js';
import { unlockAudited } from '../../access/with-keyring.js';
import { equalBytes } from '../../crypto/derive.js';
import { accountName } from '../../domain/account.js';
import type { Audit } from '../../domain/audit-events.js';
import { reworded, withMoreHints } from '../../domain/error-forms.js';
import { isInterruption, isKeyFailure, VaultError } from '../../domain/errors.js';
import { command, shellName } from '../../domain/hints.js';
import { throwIfInterrupted } from '../../domain/waiting.js';
import type { KeySource } from '../../keysources/contract.js';
import type { AccountRef, Store, VaultHead } from '../../stores/contract.js';
import type { RollbackMarks } from '../../stores/rollback-marks.js';
import type { Clock } from '../../system/contract.js';
import { wrongRows } from '../../vault/damage.js';
import { createGuard } from '../../vault/guard.js';
import type { Keyring } from '../../vault/keyring.js';
import { openLedger } from '../../vault/ledger.js';
import { openClient } from '../../vault/registered-clients.js';
import { compareRows, explainRows } from '../../vault/row-check.js';
import { openContents } from '../../vault/sealed-account.js';
import type { TrailLine } from '../../vault/trail.js';
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
  /** The accounts by name. */
  readonly refs: readonly AccountRef[];
  /** Why its accounts could not be opened: the key is not available. Null when every one of them opens. */
  readonly unopened: VaultError | null;
}

export interface CopyCheckDeps {
  /** Records when the key does not open the copy. */
  readonly audit: Audit;
  readonly interruption: AbortSignal;
}

/** A copy of a vault that was checked. */
export interface CheckedCopy {
  readonly check: CopyCheck;
  /** The keyring that opened it, which the caller wipes; null when the key is not available. */
  readonly keyring: Keyring | null;
}

/**
 * Opens everything in a copy of a vault, if its key is available.
 *
 * @param path for errors
 * @throws VaultError `vault_damaged`, `vault_newer` when a field does not open or rows are missing; the interruption's
 * reason
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
    if (!isKeyFailure(failure)) throw failure;
    return { check: { accounts: accounts.length, refs: accounts, unopened: failure }, keyring: null };
  }
  try {
    await openAll(store, keyring, interruption);
  } catch (failure) {
    keyring.wipe();
    throw failure;
  }
  return { check: { accounts: accounts.length, refs: accounts, unopened: null }, keyring };
}

/** Appends a line to the trail in a copy. No vault is used at the copy's path, so no rollback mark is moved. */
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
  const apart = compareRows(keyring, openLedger(keyring, ledger ?? (await store.ledger())), rows);
  if (apart !== null) throw wrongRows(await explainRows(keyring, rows, apart, account));
  for (const { id } of rows) {
    await throwIfInterrupted(interruption);
    const found = await account(id);
    if (found !== null) openContents(keyring, found);
  }
  for (const client of await store.clients.all()) openClient(keyring, client);
}

/* Spilled answers are not in the database, so neither a backup nor the vault that a restore keeps would contain them. */

/**
 * Stores the spilled answers before a backup is made: the refresh token in the database was used up for them.
 *
 * @throws VaultError when something cannot be stored, with the account's name
 */
export async function storeWaitingBeforeBackup(deps: WaitingLoginDeps): Promise<void> {
  const [failed] = await storeAllWaiting(deps, VAULT_LOCK_TIMEOUT);
  if (failed === undefined) return;
  const { account, error } = failed;
  const message = `no backup was made, because it would lack the newest refresh token of ${accountName(account)}, which could not be stored: ${error.message}`;
  throw withMoreHints(reworded(error, { message, cause: error }), [command(`refresh ${shellName(account)}`)]);
}

/** The parts of a vault that decide whether it can store the spilled answers. */
export interface WaitingFor extends Pick<VaultHead, 'vaultId' | 'wrappedKeys'> {
  /** Ids. */
  readonly accounts: readonly string[];
}

export async function waitingFor(store: Store): Promise<WaitingFor> {
  const { vaultId, wrappedKeys } = await store.head();
  return { vaultId, wrappedKeys, accounts: (await store.accounts()).map(({ id }) => id) };
}

/**
 * Stores the spilled answers in the vault that is about to be replaced and kept. They stay where they are if the restored
 * backup can store them, being the same vault with the same keys and accounts. An answer that cannot be stored stays too,
 * because it must not prevent a restore.
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
