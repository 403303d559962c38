import { type EstablishedMaster, establishMaster, type NewMaster, undone } from '../../access/new-key.js';
import { useCommand } from '../../access/open-failure.js';
import { rowsOf } from '../../access/unlock.js';
import { holdingVault } from '../../access/vault-lock.js';
import { withKeyring } from '../../access/with-keyring.js';
import type { AuditEvent } from '../../domain/audit-events.js';
import { VaultError } from '../../domain/errors.js';
import { command } from '../../domain/hints.js';
import type { KeySource } from '../../keysources/contract.js';
import type { LedgerStep, MasterKeyRow, VaultHead, WrappedKeyRow } from '../../stores/contract.js';
import { nextReference } from '../../vault/data-keys.js';
import { openKeyring } from '../../vault/keyring.js';
import { keyCheckValue } from '../../vault/master-key.js';
import {
  type KeysContext,
  type MasterKeyView,
  type OpenVault,
  recordKeyChange,
  requireStore,
  type TrailContext,
  viewOf,
} from './changes.js';

/**
 * Wraps the data keys under a new master key in another source: made there, read back, and only then written into the vault,
 * in one commit.
 *
 * @throws VaultError the codes of both sources; `account_not_found` where there is no vault; `usage` when the vault has a key in
 * such a source already
 */
export async function addKey(ctx: KeysContext, source: KeySource): Promise<MasterKeyView> {
  const store = await requireStore(ctx.access);
  return holdingVault(ctx, async () => {
    const head = await store.head();
    if (rowsOf(head, source.kind).length > 0) throw hasOne(source);
    return withKeyring(ctx, head, await ctx.keys.current(), async (keyring) => {
      const taken = [...head.masterKeys, ...(await store.leftovers())];
      const made = await establishMaster(source, nextReference(head.vaultId, taken), ctx.keys.readBack);
      return commit(ctx, { store, keyring }, head, source, made);
    });
  });
}

async function commit(
  ctx: KeysContext,
  vault: OpenVault,
  head: VaultHead,
  source: KeySource,
  made: EstablishedMaster,
): Promise<MasterKeyView> {
  const { reference } = made;
  const { store } = vault;
  try {
    const event = { event: 'key_added', key_source: source.kind, reference } as const;
    const row = await recordNewKey(ctx, vault, { head, source, made, event }, store.addMasterKey);
    return viewOf(row, source, false);
  } catch (failure) {
    // A commit that was reported as failed may be on the disk: then the new key is needed.
    const isThere = await store.head().then(
      ({ masterKeys }) => masterKeys.some((row) => row.reference === reference),
      () => true,
    );
    throw isThere ? failure : await undone(made, failure);
  } finally {
    made.master.fill(0);
  }
}

/** A new master key, the source that holds it, and the vault head and audit event needed to record it. */
export interface NewKey {
  readonly head: VaultHead;
  readonly source: KeySource;
  readonly made: NewMaster;
  readonly event: AuditEvent;
}

/**
 * Wraps the vault's data keys under a new master key and writes them into the vault, with the event, in one commit.
 *
 * @param write writes the row and the wrapped keys; returns whether it did
 * @throws VaultError `busy` when another process has changed the keys meanwhile; the vault's own codes
 */
export async function recordNewKey(
  ctx: TrailContext,
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
    createdAt: ctx.clock.now(),
  };
  const wrappedKeys = vault.keyring.wrapFor(reference, master);
  // Proves that they open again, before they are written.
  openKeyring({ ...head, wrappedKeys }, row, master, source.place).wipe();
  if (await recordKeyChange(ctx, vault, event, (step) => write(row, wrappedKeys, step))) return row;
  throw new VaultError('busy', 'another process has changed the keys of the vault meanwhile', {
    hint: `list the keys: ${command('key status')}`,
  });
}

function hasOne({ kind }: KeySource): VaultError {
  return new VaultError('usage', `the vault already has a master key in the source ${kind}`, {
    hint: `${useCommand(kind)}\nor remove that key first: ${command(`key remove ${kind}`)}`,
  });
}
