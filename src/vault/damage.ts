import type { OpenFailureKind } from '../crypto/sealed-box.js';
import { FROM_BACKUP, INSTALL_CURRENT, VaultError } from '../domain/errors.js';
import { quoted } from '../domain/safe-text.js';
import type { DataKeyPurpose, SealedColumn } from '../stores/contract.js';

const ACCEPT_COMMAND = 'vault doctor --accept-rollback';
const ACCEPT_HINT = `${FROM_BACKUP}\nor go on with what is there:\n${ACCEPT_COMMAND}`;

/**
 * The error for what no account can be opened without.
 *
 * @param what the part of the vault that is not as it was written
 */
export function damaged(what: string): VaultError {
  return new VaultError(
    'vault_damaged',
    `the vault was altered or is damaged: ${what} does not fit the master key`,
    { hint: `${FROM_BACKUP}\nor, with a recovery file:\nvault key import FILE` },
  );
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
  return new VaultError(
    'vault_damaged',
    `the vault was altered or is damaged: ${what} is not what was sealed there`,
    { hint: ACCEPT_HINT },
  );
}

/** What is wrong with the rows of a vault, each of which may open by itself. */
export interface RowSetFault {
  readonly kind: 'missing' | 'foreign' | 'altered' | 'older' | 'mixed';
  /** In words, after `the vault was altered or is damaged:`. */
  readonly what: string;
}

export const NOT_THOSE: RowSetFault = {
  kind: 'mixed',
  what: 'its accounts are not those that were stored last',
};

export function wrongRows({ kind, what }: RowSetFault): VaultError {
  return new VaultError('vault_damaged', `the vault was altered or is damaged: ${what}`, {
    hint: ACCEPT_HINT,
    details: { row_set: kind },
  });
}

/** Whether it is the vault as a whole that keeps everything from being refreshed, and not one account. */
export function concernsWholeVault({ code, details }: VaultError): boolean {
  return code === 'vault_rolled_back' || code === 'vault_cloned' || 'row_set' in details;
}

/**
 * The error for a vault with which nothing is refreshed although everything opens.
 *
 * @param marks the folder of the marks
 * @param unreadable whether there is a mark and it does not open
 */
export function notCurrent(
  standing: 'rolled_back' | 'cloned' | 'replaced',
  marks: string,
  unreadable: boolean = false,
): VaultError {
  const why =
    'its refresh tokens may have been replaced since, and using an old one can end the whole grant, so nothing is refreshed';
  const altered = unreadable ? `, or its mark in ${marks} was altered` : '';
  const what = {
    rolled_back: `the vault was put back from an older copy${altered}`,
    replaced:
      'the vault was put back from a copy, or moved to another disk: vault.db is not the file that was written here last',
    cloned: `the vault was copied or moved here, or its mark in ${marks} was taken away`,
  }[standing];
  return new VaultError(standing === 'cloned' ? 'vault_cloned' : 'vault_rolled_back', `${what}: ${why}`, {
    hint: ACCEPT_COMMAND,
  });
}

/**
 * The error for a sealed field that does not open. Only this account is lost, and a new login brings it back.
 *
 * @param owner the name of the account
 */
export function unreadableField(kind: OpenFailureKind, field: SealedColumn, owner: string): VaultError {
  const what = `the sealed ${inWords(field)} of ${owner}`;
  if (kind === 'newer') return newer(what);
  return new VaultError(
    'vault_damaged',
    `the vault was altered or is damaged: ${what} is not what was sealed there`,
    {
      hint: `${FROM_BACKUP}\nor forget the account and log in again:\nvault revoke ${quoted(owner)} --local`,
    },
  );
}

function inWords(purpose: DataKeyPurpose): string {
  return purpose.replace('_', ' ');
}

/** The error for what a later version has written. @param what the part of the vault, or the file */
export function newer(what: string): VaultError {
  return new VaultError('vault_newer', `${what} was written by a newer version of this program`, {
    hint: INSTALL_CURRENT,
  });
}

/** Whether something was not what was sealed there, or was sealed under keys that are not at hand. */
export function isDamage(failure: unknown): failure is VaultError {
  return failure instanceof VaultError && failure.code === 'vault_damaged';
}

/** The same, or it looks as if a later version had sealed it, as it does when its first byte is another one. */
export function doesNotOpen(failure: unknown): failure is VaultError {
  return isDamage(failure) || (failure instanceof VaultError && failure.code === 'vault_newer');
}
