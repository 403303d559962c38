import { VaultError } from '../../domain/errors.js';
import type { KeySource, KeySourceKind, StoringKeySource } from '../../keysources/contract.js';
import type { LeftoverKey, MasterKeyRow, Store, VaultHead } from '../../stores/contract.js';
import { heldIn, keyIn } from './held-key.js';
import { type OpenVault, recordKeyChange } from './key-trail.js';
import { holdingVault, type KeysDeps, noSuchKey, present } from './keys.js';
import type { RemovedKey } from './keys-contract.js';
import { tidyLeftovers } from './leftover-keys.js';
import { requireCurrentHere, whyItStays } from './other-copies.js';
import { rowsOf, useCommand, withKeyring } from './unlock.js';

/**
 * Takes the master key of one source out of the vault, and then out of the source where this program put it there; until it
 * is out of there it is noted as a leftover. Whoever is left to open the vault has shown first that it can.
 *
 * @param storing gives the source, if it is of a kind that stores what this program puts there
 * @throws VaultError as {@link KeyUseCases.removeKey}
 */
export async function removeKey(
  deps: KeysDeps,
  kind: KeySourceKind,
  storing: () => Promise<StoringKeySource | null>,
): Promise<RemovedKey> {
  const store = await present(deps);
  return holdingVault(deps, async () => {
    const head = await store.head();
    const [row] = rowsOf(head, kind);
    const left = (await store.leftovers()).find((each) => each.source === kind);
    const source = await storing();
    if (row === undefined) {
      if (left === undefined || source === null) throw noSuchKey(head, kind);
      return asCurrent(deps, store, head, (vault) => clearLeftovers(vault, source, left));
    }
    refuseNeeded(head, kind, await deps.present());
    return asCurrent(deps, store, head, async (vault) => {
      if (!(await takeOut(deps, vault, row, source !== null))) throw noSuchKey(head, kind);
      return { source: kind, reference: row.reference, key: await discard(vault, source, head, row) };
    });
  });
}

/** @throws VaultError `usage` for the last key and for the one in use */
function refuseNeeded(head: VaultHead, kind: KeySourceKind, inUse: KeySource): void {
  if (head.masterKeys.length === 1) {
    throw new VaultError(
      'usage',
      'this is the last master key of the vault, without which nothing opens it',
      {
        hint: 'add another one first, for example: vault key add file',
      },
    );
  }
  if (inUse.kind !== kind) return;
  const other = head.masterKeys.find(({ source }) => source !== kind)?.source ?? 'file';
  throw new VaultError('usage', `this machine opens the vault with the key from the ${inUse.place}`, {
    hint: `have it use another one first: ${useCommand(other)}${kind === 'file' ? '\nif VAULT_KEY_FILE is set, unset it as well' : ''}`,
  });
}

/** Opens the vault with the key in use, and does something with it if it is no older copy. */
async function asCurrent<T>(
  deps: KeysDeps,
  store: Store,
  head: VaultHead,
  action: (vault: OpenVault) => Promise<T>,
): Promise<T> {
  return withKeyring(deps, head, await deps.present(), async (keyring) => {
    const vault = { store, keyring };
    await requireCurrentHere(deps, vault);
    return action(vault);
  });
}

/** A run that was cut off may have left something in a source in which the vault has no key. */
async function clearLeftovers(
  vault: OpenVault,
  source: StoringKeySource,
  { reference }: LeftoverKey,
): Promise<RemovedKey> {
  const { kind, place } = source;
  const why = (await whyItStays(vault, reference)) ?? 'it may serve other vaults as well';
  await tidyLeftovers(vault, source, null);
  const still = await keyIn(source, reference);
  still?.fill(0);
  const key = still
    ? `what the ${place} holds stays: ${why}`
    : `what a run that was cut off had left in the ${place} is gone`;
  return { source: kind, reference, key };
}

/**
 * The entry in the trail is sealed by way of the key in use, which so shows that it opens the vault.
 *
 * @param stored whether its source may still hold the key
 */
async function takeOut(
  deps: KeysDeps,
  vault: OpenVault,
  { source, reference }: MasterKeyRow,
  stored: boolean,
): Promise<boolean> {
  const event = { event: 'key_removed', key_source: source, reference } as const;
  const left = stored ? { reference, source, since: deps.clock.now() } : null;
  return recordKeyChange(deps, vault, event, (step) => vault.store.removeMasterKey(reference, left, step));
}

/** The vault does not need the key any more, so a failure here undoes nothing: the key stays noted as a leftover. */
async function discard(
  vault: OpenVault,
  source: StoringKeySource | null,
  head: VaultHead,
  row: MasterKeyRow,
): Promise<string> {
  if (source === null) return 'this program had put nothing there that it could delete';
  const { kind, place } = source;
  const { reference } = row;
  let said: string;
  try {
    const why = await whyItStays(vault, reference);
    said = why === null ? await deleteFrom(source, head, row) : `the key stays in the ${place}: ${why}`;
    await vault.store.forgetLeftover({ reference, source: kind });
  } catch {
    return `the key, called ${reference}, could not be deleted from the ${place} yet; once that works: vault key remove ${kind}`;
  }
  await tidyLeftovers(vault, source, null).catch(() => {});
  return said;
}

/** A key file of the usual name may hold another key than the one that was removed. */
async function deleteFrom(source: StoringKeySource, head: VaultHead, row: MasterKeyRow): Promise<string> {
  const { kind, place } = source;
  const held = await heldIn(source, head, row);
  const other = kind === 'file' ? '; if the key lies in another file, delete it there' : '';
  if (held === 'missing') return `the ${place} does not hold it${other}`;
  if (held === 'another') return `what the ${place} holds is another key, and stays${other}`;
  if (await source.remove(row.reference)) return `the key was deleted from the ${place}`;
  return `the ${place} may serve other vaults as well, and stays`;
}
