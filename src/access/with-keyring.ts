import type { Audit } from '../domain/audit-events.js';
import type { KeySource } from '../keysources/contract.js';
import type { MasterKeyRow, VaultHead } from '../stores/contract.js';
import type { Paths } from '../system/contract.js';
import type { Keyring } from '../vault/keyring.js';
import { auditOpenFailure } from './open-failure.js';
import { type Unlocked, unlock } from './unlock.js';

/** As {@link unlock}; a failure is recorded. */
export function unlockAudited(
  audit: Audit,
  database: string,
  head: VaultHead,
  source: KeySource,
): Promise<Unlocked> {
  return auditingOpen(audit, source.kind, unlock(head, source, database));
}

/** Records a failure to open the vault. @param keySource the kind of source, or `recovery_file` */
export async function auditingOpen<T>(audit: Audit, keySource: string, opening: Promise<T>): Promise<T> {
  try {
    return await opening;
  } catch (failure) {
    auditOpenFailure(audit, keySource, failure);
    throw failure;
  }
}

/**
 * Opens the key table, and runs an action with the keyring, which is wiped afterwards.
 *
 * @param action also gets the row of the master key that was used
 * @throws VaultError as {@link unlock}, and what the action throws
 */
export async function withKeyring<T>(
  { audit, paths }: { readonly audit: Audit; readonly paths: Pick<Paths, 'database'> },
  head: VaultHead,
  source: KeySource,
  action: (keyring: Keyring, row: MasterKeyRow) => Promise<T>,
): Promise<T> {
  const { row, master, keyring } = await unlockAudited(audit, paths.database, head, source);
  master.fill(0);
  try {
    return await action(keyring, row);
  } finally {
    keyring.wipe();
  }
}
