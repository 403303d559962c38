import { equalBytes } from '../../crypto/derive.js';
import { VaultError } from '../../domain/errors.js';
import type { KeySource, KeySourceKind, StoringKeySource } from '../../keysources/contract.js';
import type { Locks, MasterKeyRow, Store, VaultHead } from '../../stores/contract.js';
import { type Keyring, openKeyring } from '../../vault/keyring.js';
import { keyCheckValue, nextReference } from '../../vault/master-key.js';
import { type KeyTrailDeps, recordKeyChange } from './key-trail.js';
import type { MasterKeyView, RemovedKey } from './keys-contract.js';
import { tidyLeftovers } from './leftover-keys.js';
import { type EstablishedMaster, establishMaster, type ReadBack, undone } from './new-master.js';
import { rowsOf, unlockNoting } from './unlock.js';

/** Whoever else changes the keys may be asking a person something. */
export const PATIENCE = 60_000;

export interface KeysDeps extends KeyTrailDeps {
  readonly store: () => Promise<Store | null>;
  readonly database: string;
  readonly locks: Locks;
  /** The source that this machine uses. */
  readonly present: () => Promise<KeySource>;
  readonly readBack: ReadBack;
}

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

/**
 * Takes the master key of one source out of the vault, and then out of the source where this program put it there.
 * Whoever is left to open the vault has shown first that it can.
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
  const lock = await deps.locks.acquire('vault', PATIENCE);
  try {
    const head = await store.head();
    const [row] = rowsOf(head, kind);
    if (row === undefined) return await clearLeftover(store, head, kind, await storing());
    if (head.masterKeys.length === 1) {
      throw new VaultError(
        'usage',
        'this is the last master key of the vault, without which nothing opens it',
        {
          hint: 'add another one first, for example: vault key add file',
        },
      );
    }
    const inUse = await deps.present();
    if (inUse.kind === kind) {
      const other = head.masterKeys.find(({ source }) => source !== kind)?.source ?? 'file';
      throw new VaultError('usage', `this machine opens the vault with the key from the ${inUse.place}`, {
        hint: `have it use another one first: vault key use ${other}${kind === 'file' ? '\nif VAULT_KEY_FILE is set, unset it as well' : ''}`,
      });
    }
    if (!(await takeOut(deps, store, head, inUse, row))) throw noSuchKey(head, kind);
    const storingSource = await storing();
    const key = await discard(storingSource, head, row);
    if (storingSource !== null) await tidyLeftovers(store, storingSource, row.reference).catch(() => {});
    return { source: kind, reference: row.reference, key };
  } finally {
    await lock.release();
  }
}

/** A run that was cut off may have left something in a source in which the vault has no key. */
async function clearLeftover(
  store: Store,
  head: VaultHead,
  kind: KeySourceKind,
  source: StoringKeySource | null,
): Promise<RemovedKey> {
  const left = (await store.leftovers()).find((each) => each.source === kind);
  if (left === undefined || source === null) throw noSuchKey(head, kind);
  const { reference } = left;
  await tidyLeftovers(store, source, '');
  const said = (await isThere(source, reference))
    ? `the ${source.place} may serve other vaults as well, and stays`
    : `what a run that was cut off had left in the ${source.place} is gone`;
  return { source: kind, reference, key: said };
}

async function isThere(source: StoringKeySource, reference: string): Promise<boolean> {
  try {
    (await source.load(reference)).fill(0);
    return true;
  } catch (failure) {
    if (failure instanceof VaultError && failure.code === 'key_missing') return false;
    throw failure;
  }
}

/** Whoever is left to open the vault writes the entry, and so shows that it can. */
async function takeOut(
  deps: KeysDeps,
  store: Store,
  head: VaultHead,
  inUse: KeySource,
  { source, reference }: MasterKeyRow,
): Promise<boolean> {
  const { master, keyring } = await unlockNoting(deps, head, inUse);
  master.fill(0);
  try {
    const event = { event: 'key_removed', key_source: source, reference } as const;
    return await recordKeyChange(deps, { store, keyring }, event, (step) =>
      store.removeMasterKey(reference, step),
    );
  } finally {
    keyring.wipe();
  }
}

/** The vault needs the key no more, so that a failure here takes nothing back. */
async function discard(source: StoringKeySource | null, head: VaultHead, row: MasterKeyRow): Promise<string> {
  if (source === null) return 'this program had put nothing there that it could delete';
  try {
    if (!(await holds(source, head, row))) return `what the ${source.place} holds is another key, and stays`;
    if (await source.remove(row.reference)) return `the key was deleted from the ${source.place}`;
    return `the ${source.place} may serve other vaults as well, and stays`;
  } catch {
    return `the key could not be deleted from the ${source.place}, where it is called ${row.reference}; it opens nothing any more`;
  }
}

/** A key file of the usual name may be another one than the one that was removed. */
async function holds(source: StoringKeySource, { vaultId }: VaultHead, row: MasterKeyRow): Promise<boolean> {
  const key = await source.load(row.reference);
  const same = equalBytes(keyCheckValue(vaultId, row.reference, key), row.checkValue);
  key.fill(0);
  return same;
}

/** @throws VaultError `usage` when the vault has no master key in such a source */
export function noSuchKey(head: VaultHead, kind: KeySourceKind): VaultError {
  const kinds = [...new Set(head.masterKeys.map(({ source }) => source))];
  return new VaultError(
    'usage',
    `the vault has no master key in a source of the kind ${kind}; it has one in: ${kinds.join(', ')}`,
    {
      hint: `see which there are: vault key status\nto add one: vault key add ${kind}${kind === 'command' ? ' -- pass show token-vault' : ''}`,
    },
  );
}

/** @throws VaultError `account_not_found` where there is no vault */
export async function present({ store }: Pick<KeysDeps, 'store'>): Promise<Store> {
  const opened = await store();
  if (opened !== null) return opened;
  throw new VaultError('account_not_found', 'there is no vault yet, so it has no keys', {
    hint: 'vault init',
  });
}
