import type { OpenFailureKind } from '../crypto/sealed-box.js';
import { VaultError } from '../domain/errors.js';
import type { DataKeyPurpose, SealedColumn } from '../stores/contract.js';

/** @param what the part of the vault that is not as it was written, with which no account can be opened */
export function damaged(what: string): VaultError {
  return new VaultError(
    'vault_damaged',
    `the vault was altered or is damaged: ${what} does not fit the master key`,
    { hint: 'restore the vault from a backup' },
  );
}

/** Why a wrapped data key could not be had. */
export function unreadableKey(kind: OpenFailureKind, purpose: DataKeyPurpose): VaultError {
  const what = `its wrapped ${inWords(purpose)} key`;
  return kind === 'newer' ? newer(what) : damaged(what);
}

/**
 * Why a sealed field could not be opened. Only this account is lost, and logging in again makes it anew.
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
      hint: `restore the vault from a backup, or forget the account and log in again: vault revoke ${owner} --local`,
    },
  );
}

function inWords(purpose: DataKeyPurpose): string {
  return purpose.replace('_', ' ');
}

function newer(what: string): VaultError {
  return new VaultError('vault_newer', `${what} was written by a newer version of this program`, {
    hint: 'install the current version: npm install -g token-vault',
  });
}
