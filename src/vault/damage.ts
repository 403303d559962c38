import type { OpenFailureKind } from '../crypto/sealed-box.js';
import { INSTALL_CURRENT, VaultError } from '../domain/errors.js';
import { command, fromBackup } from '../domain/hints.js';
import { quoted } from '../domain/safe-text.js';
import type { DataKeyPurpose, SealedColumn } from '../stores/contract.js';

const ALTERED = 'the vault was altered or is damaged:';
const acceptCommand = () => command('doctor --accept-rollback');
const acceptHint = () => `${fromBackup()}\nor accept the vault as it is:\n${acceptCommand()}`;

/**
 * The error for a part of the vault without which no account can be opened.
 *
 * @param what the part
 */
export function damaged(what: string): VaultError {
  return new VaultError('vault_damaged', `${ALTERED} ${what} does not fit the master key`, {
    hint: `${fromBackup()}\nor, with a recovery file:\n${command('key import FILE')}`,
  });
}

/** The error for a wrapped data key that does not open. */
export function unreadableKey(kind: OpenFailureKind, purpose: DataKeyPurpose): VaultError {
  const what = `its wrapped ${inWords(purpose)} key`;
  return kind === 'newer' ? newer(what) : damaged(what);
}

/** The error for a ledger that does not open. */
export function unreadableLedger(kind: OpenFailureKind): VaultError {
  const what = 'its ledger of accounts';
  if (kind === 'newer') return newer(what);
  return new VaultError('vault_damaged', `${ALTERED} ${what} cannot be opened`, { hint: acceptHint() });
}

/** What is wrong with the rows as a set, even if each single row can be opened. */
export interface RowSetFault {
  readonly kind: 'missing' | 'foreign' | 'altered' | 'older' | 'mixed';
  /** In words, after `the vault was altered or is damaged:`. */
  readonly what: string;
}

export const NOT_THOSE: RowSetFault = {
  kind: 'mixed',
  what: 'its accounts are not the ones that were stored last',
};

export function wrongRows({ kind, what }: RowSetFault): VaultError {
  return new VaultError('vault_damaged', `${ALTERED} ${what}`, {
    hint: acceptHint(),
    details: { row_set: kind },
  });
}

/** Whether a failure stops every refresh, not only that of one account. */
export function concernsWholeVault({ code, details }: VaultError): boolean {
  return code === 'vault_rolled_back' || code === 'vault_cloned' || 'row_set' in details;
}

/**
 * The error for a vault that opens and must not refresh anything.
 *
 * @param marks the folder of the rollback marks
 * @param unreadable whether there is a mark that does not open
 */
export function notCurrent(
  state: 'rolled_back' | 'cloned' | 'replaced',
  marks: string,
  unreadable = false,
): VaultError {
  const altered = unreadable ? `, or its rollback mark in ${marks} was altered` : '';
  const what = {
    rolled_back: `the vault was restored from an older copy${altered}`,
    replaced:
      'the vault was restored from a copy, or moved to another disk: vault.db is not the file that was written here last',
    cloned: `the vault was copied or moved here, or its rollback mark in ${marks} was deleted`,
  }[state];
  const why =
    'its refresh tokens may have been replaced since, and using an old one can end the whole grant, so nothing is refreshed';
  return new VaultError(state === 'cloned' ? 'vault_cloned' : 'vault_rolled_back', `${what}: ${why}`, {
    hint: acceptCommand(),
  });
}

/**
 * The error for a sealed field that does not open. Only this account is lost, and a new login restores it.
 *
 * @param owner the name of the account
 */
export function unreadableField(kind: OpenFailureKind, field: SealedColumn, owner: string): VaultError {
  const what = `the sealed ${inWords(field)} of ${owner}`;
  if (kind === 'newer') return newer(what);
  const forget =
    field === 'registered_client'
      ? `or forget it and log in again:\n${command(`providers --forget ${quoted(owner)}`)}`
      : `or forget the account and log in again:\n${command(`revoke ${quoted(owner)} --local`)}`;
  return new VaultError('vault_damaged', `${ALTERED} ${what} cannot be opened`, {
    hint: `${fromBackup()}\n${forget}`,
  });
}

function inWords(purpose: DataKeyPurpose | SealedColumn): string {
  return purpose === 'id_token' ? purpose : purpose.replace('_', ' ');
}

/** The error for what a later version has written. @param what the part of the vault, or the file */
export function newer(what: string): VaultError {
  return new VaultError('vault_newer', `${what} was written by a newer version of this program`, {
    hint: INSTALL_CURRENT,
  });
}

/** Whether sealed bytes were altered, or were sealed under keys that are not loaded. */
export function isDamage(failure: unknown): failure is VaultError {
  return failure instanceof VaultError && failure.code === 'vault_damaged';
}

/** Whether sealed bytes are damaged or of an unknown version, which may be damage as well. */
export function doesNotOpen(failure: unknown): failure is VaultError {
  return isDamage(failure) || (failure instanceof VaultError && failure.code === 'vault_newer');
}

/** The error for an update that changes nothing though its account is as it was. */
export function changeNotTaken(): VaultError {
  return new VaultError(
    'vault_damaged',
    'the database did not store the change, although no other process changed the account; it is damaged or was altered',
    { hint: `to see what is wrong: ${command('doctor')}\n${fromBackup()}` },
  );
}
