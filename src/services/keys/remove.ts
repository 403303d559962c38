import type { KeySources } from '../../access/key-sources-rest.js';
import { loadOrNull } from '../../access/new-key.js';
import { useCommand } from '../../access/open-failure.js';
import { rowsOf } from '../../access/unlock.js';
import { holdingVault } from '../../access/vault-lock.js';
import { withKeyring } from '../../access/with-keyring.js';
import { VaultError } from '../../domain/errors.js';
import { command } from '../../domain/hints.js';
import type { KeySource, KeySourceKind, StoringKeySource } from '../../keysources/contract.js';
import type { LeftoverKey, MasterKeyRow, Store, VaultHead } from '../../stores/contract.js';
import {
  findIn,
  type KeysContext,
  noSuchKey,
  type OpenVault,
  reasonToKeepKey,
  recordKeyChange,
  requireCurrentHere,
  requireStore,
} from './changes.js';

export interface RemovedKey {
  readonly source: KeySourceKind;
  readonly reference: string;
  /** What became of the key itself, in words. */
  readonly key: string;
}

/**
 * Removes the master key of one source from the vault, once the key in use has opened it. The key is then deleted from its
 * source, if this program stored it there and no other copy of the vault may need it; until then it is noted as a leftover.
 * Without such a key it deletes what an interrupted run has left in the source.
 *
 * @throws VaultError `usage` for the last key, the one in use and one that is not there; `vault_rolled_back` and
 * `vault_cloned` in a copy that its owner has not accepted
 */
export async function removeKey(
  ctx: KeysContext & { readonly keys: Pick<KeySources, 'storing'> },
  kind: KeySourceKind,
): Promise<RemovedKey> {
  const store = await requireStore(ctx.access);
  return holdingVault(ctx, async () => {
    const head = await store.head();
    const [row] = rowsOf(head, kind);
    const left = (await store.leftovers()).find((each) => each.source === kind);
    const source = await ctx.keys.storing(kind);
    if (row === undefined) {
      if (left === undefined || source === null) throw noSuchKey(head, kind);
      return openAsCurrent(ctx, store, head, (vault) => removeLeftovers(vault, source, left));
    }
    refuseNeeded(head, kind, await ctx.keys.current());
    return openAsCurrent(ctx, store, head, async (vault) => {
      if (!(await removeFromVault(ctx, vault, row, source !== null))) throw noSuchKey(head, kind);
      return { source: kind, reference: row.reference, key: await deleteKey(vault, source, head, row) };
    });
  });
}

/** @throws VaultError `usage` for the last key and for the one in use */
function refuseNeeded(head: VaultHead, kind: KeySourceKind, inUse: KeySource): void {
  if (head.masterKeys.length === 1) {
    const other = kind === 'file' ? 'passphrase' : 'file';
    throw new VaultError(
      'usage',
      'this is the last master key of the vault; without it nothing opens the vault',
      {
        hint: `add another key first, for example: ${command(`key add ${other}`)}`,
      },
    );
  }
  if (inUse.kind !== kind) return;
  const other = head.masterKeys.find(({ source }) => source !== kind)?.source ?? 'file';
  const variable = kind === 'file' ? '\nif VAULT_KEY_FILE is set, unset it as well' : '';
  throw new VaultError('usage', `this machine opens the vault with the key from the ${inUse.place}`, {
    hint: `choose another key first: ${useCommand(other)}${variable}`,
  });
}

/** Opens the vault with the key in use, and runs an action unless it is a copy that its owner has not accepted. */
async function openAsCurrent<T>(
  ctx: KeysContext,
  store: Store,
  head: VaultHead,
  action: (vault: OpenVault) => Promise<T>,
): Promise<T> {
  return withKeyring(ctx, head, await ctx.keys.current(), async (keyring) => {
    const vault = { store, keyring };
    await requireCurrentHere(ctx, vault);
    return action(vault);
  });
}

async function removeLeftovers(
  vault: OpenVault,
  source: StoringKeySource,
  { reference }: LeftoverKey,
): Promise<RemovedKey> {
  const { kind, place } = source;
  const why = (await reasonToKeepKey(vault, reference)) ?? 'other vaults may use it';
  await deleteLeftovers(vault, source, null);
  const still = await loadOrNull(source, reference);
  still?.fill(0);
  const key = still
    ? `the key in the ${place} stays: ${why}`
    : `the key that an interrupted run had left in the ${place} was deleted`;
  return { source: kind, reference, key };
}

/**
 * Deletes from a source the keys that interrupted runs have left there. Keys that others may need stay, and only the notes of
 * them go.
 *
 * @param kept the reference of the key that the vault has there; null when it has none
 */
export async function deleteLeftovers(
  vault: OpenVault,
  source: KeySource,
  kept: string | null,
): Promise<void> {
  const { store } = vault;
  const ours = (await store.leftovers()).filter((each) => each.source === source.kind);
  for (const left of ours) {
    const isDeletable = source.keys === 'stored' && (await reasonToKeepKey(vault, left.reference)) === null;
    if (isDeletable) await source.drop(left.reference, kept);
    await store.forgetLeftover(left);
  }
}

/**
 * The entry in the trail is sealed with the data keys, so that the key in use has proved that it opens the vault.
 *
 * @param isStored its source may still hold the key
 */
async function removeFromVault(
  ctx: KeysContext,
  vault: OpenVault,
  { source, reference }: MasterKeyRow,
  isStored: boolean,
): Promise<boolean> {
  const event = { event: 'key_removed', key_source: source, reference } as const;
  const left = isStored ? { reference, source, since: ctx.clock.now() } : null;
  return recordKeyChange(ctx, vault, event, (step) => vault.store.removeMasterKey(reference, left, step));
}

/** The vault no longer needs the key, so a failure here undoes nothing: the key stays noted as a leftover. */
async function deleteKey(
  vault: OpenVault,
  source: StoringKeySource | null,
  head: VaultHead,
  row: MasterKeyRow,
): Promise<string> {
  if (source === null) return 'vault did not store a key there, so it deleted nothing';
  const { kind, place } = source;
  const { reference } = row;
  let outcome: string;
  try {
    const why = await reasonToKeepKey(vault, reference);
    outcome = why === null ? await deleteFrom(source, head, row) : `the key stays in the ${place}: ${why}`;
    await vault.store.forgetLeftover({ reference, source: kind });
  } catch {
    return `the key ${reference} could not be deleted from the ${place} yet; when that source works again: ${command(`key remove ${kind}`)}`;
  }
  await deleteLeftovers(vault, source, null).catch(() => {});
  return outcome;
}

async function deleteFrom(source: StoringKeySource, head: VaultHead, row: MasterKeyRow): Promise<string> {
  const { kind, place } = source;
  const found = await findIn(source, head, row);
  const other = kind === 'file' ? '; if the key is in another file, delete it there' : '';
  if (found === 'missing') return `the ${place} does not hold it${other}`;
  if (found === 'another') return `the ${place} holds another key, which stays${other}`;
  if (await source.remove(row.reference)) return `the key was deleted from the ${place}`;
  return `the ${place} stays, because other vaults may use it`;
}
