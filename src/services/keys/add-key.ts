import { VaultError } from '../../domain/errors.js';
import type { KeySource } from '../../keysources/contract.js';
import type { MasterKeyRow, Store, VaultHead } from '../../stores/contract.js';
import { type Keyring, openKeyring } from '../../vault/keyring.js';
import { keyCheckValue, nextReference } from '../../vault/master-key.js';
import { recordKeyChange } from './key-trail.js';
import { type KeysDeps, PATIENCE, present } from './keys.js';
import type { MasterKeyView } from './keys-contract.js';
import { type EstablishedMaster, establishMaster, undone } from './new-master.js';
import { rowsOf, unlockNoting } from './unlock.js';

/**
 * Wraps the same data keys under a new master key in another source: made there, read back by a second process, and only
 * then written into the vault, in one commit.
 *
 * @throws VaultError as {@link KeyUseCases.addKey}
 */
export async function addKey(deps: KeysDeps, source: KeySource): Promise<MasterKeyView> {
  const store = await present(deps);
  const lock = await deps.locks.acquire('vault', PATIENCE);
  try {
    const head = await store.head();
    if (rowsOf(head, source.kind).length > 0) {
      throw new VaultError(
        'usage',
        `the vault has a master key in a source of the kind ${source.kind} already`,
        {
          hint: `vault key use ${source.kind}\nor first: vault key remove ${source.kind}`,
        },
      );
    }
    const { master, keyring } = await unlockNoting(deps, head, await deps.present());
    master.fill(0);
    try {
      const taken = [...head.masterKeys, ...(await store.leftovers())];
      const made = await establishMaster(source, nextReference(head.vaultId, taken), deps.readBack);
      return await commit(deps, store, head, source, made, keyring);
    } finally {
      keyring.wipe();
    }
  } finally {
    await lock.release();
  }
}

async function commit(
  deps: KeysDeps,
  store: Store,
  head: VaultHead,
  source: KeySource,
  made: EstablishedMaster,
  keyring: Keyring,
): Promise<MasterKeyView> {
  const { reference, master, parameters } = made;
  try {
    const row: MasterKeyRow = {
      reference,
      source: source.kind,
      parameters,
      checkValue: keyCheckValue(head.vaultId, reference, master),
      createdAt: deps.clock.now(),
    };
    const wrappedKeys = keyring.wrapFor(reference, master);
    // What cannot be opened again must not be written.
    openKeyring({ ...head, wrappedKeys }, row, master, source.place).wipe();
    const event = { event: 'key_added', key_source: source.kind, reference } as const;
    const added = await recordKeyChange(deps, { store, keyring }, event, (step) =>
      store.addMasterKey(row, wrappedKeys, step),
    );
    if (!added) {
      throw new VaultError('busy', 'another process has changed the keys of the vault meanwhile', {
        hint: 'see what is there now: vault key status',
      });
    }
    const { createdAt } = row;
    return { source: source.kind, reference, createdAt, place: source.place, inUse: false };
  } catch (failure) {
    // A commit that was said to fail may be on the disk all the same: then the new key is needed.
    const isThere = await store.head().then(
      ({ masterKeys }) => masterKeys.some((row) => row.reference === reference),
      () => true,
    );
    throw isThere ? failure : await undone(made, failure);
  } finally {
    master.fill(0);
  }
}
