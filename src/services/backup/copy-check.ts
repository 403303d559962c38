import type { Audit } from '../../audit/events.js';
import { throwIfInterrupted } from '../../domain/async.js';
import { ERROR_CODES, VaultError } from '../../domain/errors.js';
import type { KeySource } from '../../keysources/contract.js';
import type { Store } from '../../stores/contract.js';
import type { RollbackMarks } from '../../stores/rollback-marks.js';
import type { Clock } from '../../system/contract.js';
import { wrongRows } from '../../vault/damage.js';
import { createGuard } from '../../vault/guard.js';
import type { Keyring } from '../../vault/keyring.js';
import type { TrailLine } from '../../vault/ledger.js';
import { openLedger } from '../../vault/ledger.js';
import { openContents } from '../../vault/sealed-record.js';
import { compare, explain } from '../../vault/verify.js';
import { unlockNoting } from '../keys/unlock.js';
import type { CopyCheck } from './backup-contract.js';

const NO_MARKS: RollbackMarks = {
  where: [],
  folder: '',
  read: () => null,
  create: () => {},
  overwrite: () => {},
};

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
    const unlocked = await unlockNoting({ audit, database: path }, await store.head(), source);
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
