import type { Audit } from '../../audit/events.js';
import { equalBytes } from '../../crypto/derive.js';
import { VaultError } from '../../domain/errors.js';
import type { KeySource, KeySourceKind, StoringKeySource } from '../../keysources/contract.js';
import type { Locks, MasterKeyRow, Store, VaultHead } from '../../stores/contract.js';
import type { Clock } from '../../system/contract.js';
import { openKeyring } from '../../vault/keyring.js';
import { keyCheckValue, nextReference } from '../../vault/master-key.js';
import type { MasterKeyView, RemovedKey } from './keys-contract.js';
import { tidyLeftovers } from './leftover-keys.js';
import { type EstablishedMaster, establishMaster, type ReadBack, undone } from './new-master.js';
import { rowsOf, unlock } from './unlock.js';

/** Whoever else changes the keys may be asking a person something. */
export const PATIENCE = 60_000;

export interface KeysDeps {
  readonly store: () => Promise<Store | null>;
  readonly database: string;
  readonly locks: Locks;
  readonly clock: Clock;
  readonly audit: Audit;
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
    const { master, keyring } = await unlock(head, await deps.present(), deps.database);
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
  keyring: ReturnType<typeof openKeyring>,
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
    if (!(await store.addMasterKey(row, wrappedKeys))) {
      throw new VaultError('busy', 'another process has changed the keys of the vault meanwhile', {
        hint: 'see what is there now: vault key status',
      });
    }
    deps.audit.record({ event: 'key_added', key_source: source.kind, reference });
    const { createdAt } = row;
    return { source: source.kind, reference, createdAt, place: source.place, inUse: false };
  } catch (failure) {
    throw await undone(made, failure);
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
    if (row === undefined) throw noSuchKey(head, kind);
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
    const { master, keyring } = await unlock(head, inUse, deps.database);
    master.fill(0);
    keyring.wipe();
    if (!(await store.removeMasterKey(row.reference))) throw noSuchKey(head, kind);
    deps.audit.record({ event: 'key_removed', key_source: kind, reference: row.reference });
    const storingSource = await storing();
    const key = await discard(storingSource, head, row);
    if (storingSource !== null) await tidyLeftovers(store, storingSource, row.reference).catch(() => {});
    return { source: kind, reference: row.reference, key };
  } finally {
    await lock.release();
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
