import type { AuditEvent } from '../../audit/events.js';
import { VaultError } from '../../domain/errors.js';
import type { KeySource } from '../../keysources/contract.js';
import type { LedgerStep, MasterKeyRow, VaultHead, WrappedKeyRow } from '../../stores/contract.js';
import { openKeyring } from '../../vault/keyring.js';
import { keyCheckValue } from '../../vault/master-key.js';
import { type KeyTrailDeps, type OpenVault, recordKeyChange } from './key-trail.js';
import type { NewMaster } from './new-master.js';

/** A master key that its source holds and the vault does not know yet. */
export interface NewKey {
  readonly head: VaultHead;
  /** Where the key is. */
  readonly source: KeySource;
  readonly made: NewMaster;
  /** What the trail says of it. */
  readonly event: AuditEvent;
}

/**
 * Wraps the vault's data keys under a new master key and writes them into the vault, with the event, in one commit.
 *
 * @param vault whose data keys are wrapped
 * @param write writes the row and the wrapped keys; tells whether it did
 * @returns the row of the new key
 * @throws VaultError `busy` when another process has changed the keys meanwhile; the vault's own codes
 */
export async function recordNewKey(
  deps: KeyTrailDeps,
  vault: OpenVault,
  { head, source, made, event }: NewKey,
  write: (row: MasterKeyRow, wrapped: readonly WrappedKeyRow[], step: LedgerStep) => Promise<boolean>,
): Promise<MasterKeyRow> {
  const { reference, master, parameters } = made;
  const row: MasterKeyRow = {
    reference,
    source: source.kind,
    parameters,
    checkValue: keyCheckValue(head.vaultId, reference, master),
    createdAt: deps.clock.now(),
  };
  const wrappedKeys = vault.keyring.wrapFor(reference, master);
  // What cannot be opened again must not be written.
  openKeyring({ ...head, wrappedKeys }, row, master, source.place).wipe();
  if (await recordKeyChange(deps, vault, event, (step) => write(row, wrappedKeys, step))) return row;
  throw new VaultError('busy', 'another process has changed the keys of the vault meanwhile', {
    hint: 'see what is there now: vault key status',
  });
}
