import { join } from 'node:path';
import type { Audit, AuditEvent } from '../../audit/events.js';
import { random } from '../../crypto/derive.js';
import { VaultError } from '../../domain/errors.js';
import type { KeySource } from '../../keysources/contract.js';
import type { Locks, Marks, Store, StoreFactory, VaultHead } from '../../stores/contract.js';
import type { Clock, Files, Paths } from '../../system/contract.js';
import { lineOf, type VaultEvents } from '../../vault/audit-queued.js';
import { masterReference } from '../../vault/master-key.js';
import { createVault, type Vault } from '../../vault/vault.js';
import type { ReadBack } from './new-master.js';
import { noteOpenFailed } from './open-failed.js';
import { type Unlocked, unlock } from './unlock.js';

const VAULT_ID_BYTES = 16;
/** Creating a vault takes a fraction of a second, unless the keychain asks its owner something. */
const CREATION_PATIENCE = 60_000;

export interface VaultAccessDeps {
  readonly paths: Paths;
  readonly files: Files;
  readonly factory: StoreFactory;
  readonly locks: Locks;
  readonly clock: Clock;
  readonly audit: Audit;
  /** What goes into the vault's trail. */
  readonly events?: VaultEvents;
  /** The key source that the environment or the configuration names; the keychain when neither does. */
  readonly keySource: () => Promise<KeySource>;
  /**
   * Writes the choice of key source into the configuration, so that it is never guessed again.
   *
   * @returns puts the configuration back as it was; null when it was written there already
   */
  readonly rememberKeySource: (source: KeySource) => Promise<(() => void) | null>;
  /** Has a new key read back before it is relied on; in this process when left out. */
  readonly readBack?: ReadBack;
  /** Drops what is kept of keys, called when one has turned out not to be the vault's. */
  readonly forgetKeys?: () => void;
  readonly marks: () => Promise<Marks>;
  /** What is wrong where the database is not there: that a vault was used here before. Null, and left out: nothing. */
  readonly vanished?: () => Promise<VaultError | null>;
  /** Told what a person should know though nothing failed. */
  readonly notice: (line: string) => void;
}

/** How the use cases come by the vault: opened once, made when a login needs one. */
export interface VaultAccess {
  /**
   * Null where there is none yet. No key is fetched before something sealed is needed.
   *
   * @throws VaultError `vault_damaged` also where there was one and its database is gone, as all here
   */
  open(): Promise<Vault | null>;
  openOrCreate(): Promise<Vault>;
  /** Begins anew also where there was a vault. @throws VaultError `vault_exists` */
  create(source: KeySource): Promise<Vault>;
  /** The database by itself; null where there is no vault yet. It is closed with the vault. */
  store(): Promise<Store | null>;
  /**
   * The key that opens the vault, loaded when it has not been: for a process that works in this one's place. The caller
   * wipes it.
   *
   * @throws VaultError the key's and the vault's own codes
   */
  handOver(): Promise<{ readonly reference: string; readonly key: Buffer }>;
  close(): Promise<void>;
}

interface Opened {
  readonly store: Store;
  readonly vault: Vault;
}

export function vaultAccess(deps: VaultAccessDeps): VaultAccess {
  let opened: Promise<Opened> | null = null;

  /** Remembers what is being opened, so that calls at the same time share it; what failed is tried again. */
  function remember(opening: Promise<Opened>): Promise<Opened> {
    opened = opening;
    opening.catch(() => {
      if (opened === opening) opened = null;
    });
    return opening;
  }

  async function openOnce(): Promise<Opened | null> {
    if (opened !== null) return opened;
    if (!(await deps.factory.exists())) return nothingThere();
    // Another call may have begun to open it meanwhile.
    return opened ?? remember(deps.factory.open().then((store) => vaultOver(store)));
  }

  async function nothingThere(): Promise<null> {
    const vanished = (await deps.vanished?.()) ?? null;
    if (vanished !== null) throw vanished;
    return null;
  }

  function vaultOver(store: Store, source?: KeySource): Opened {
    const vault = createVault({
      ...deps,
      store,
      alarm: (code) => deps.audit.record({ event: 'integrity_alarm', code }),
      unlock: async () => {
        const { master, keyring } = await unlocked(store, source);
        master.fill(0);
        return keyring;
      },
    });
    return { store, vault };
  }

  async function unlocked(store: Store, source?: KeySource): Promise<Unlocked> {
    const from = source ?? (await deps.keySource());
    for (let head = await store.head(); ; ) {
      try {
        return await unlock(head, from, deps.paths.database);
      } catch (failure) {
        // The next attempt must look for the key afresh: its owner may have put the right one back.
        deps.forgetKeys?.();
        const now = await store.head();
        // Another process may have put a new key in the place of the old one since the key table was read.
        if (sameKeys(head, now)) {
          noteOpenFailed(deps.audit, from.kind, failure);
          throw failure;
        }
        head = now;
      }
    }
  }

  async function open(): Promise<Vault | null> {
    return (await openOnce())?.vault ?? null;
  }

  async function create(source: KeySource): Promise<Vault> {
    const store = await createUnderLock(deps, source);
    return (await remember(Promise.resolve(vaultOver(store, source)))).vault;
  }

  return {
    open,
    create,
    async openOrCreate() {
      const vault = await open();
      if (vault !== null) return vault;
      try {
        return await create(await deps.keySource());
      } catch (failure) {
        // Another process was faster: its vault is as good as ours.
        if (failure instanceof VaultError && failure.code === 'vault_exists') return open().then(mustBeThere);
        throw failure;
      }
    },
    store: async () => (await openOnce())?.store ?? null,
    async handOver() {
      const { store } = mustBeThere(await openOnce());
      const { row, master, keyring } = await unlocked(store);
      keyring.wipe();
      return { reference: row.reference, key: master };
    },
    async close() {
      const last = await opened?.catch(() => null);
      await last?.vault.close();
      opened = null;
    },
  };
}

function sameKeys(a: VaultHead, b: VaultHead): boolean {
  const names = ({ masterKeys }: VaultHead) => masterKeys.map(({ reference }) => reference).join();
  return names(a) === names(b);
}

function mustBeThere<T>(found: T | null): T {
  if (found === null) throw new VaultError('vault_damaged', 'the vault vanished while it was being opened');
  return found;
}

/**
 * Two first runs at once must not each make a key: the slower one would hold a key that is stored nowhere. So
 * everything from the first look to the finished file happens under one lock, and the key is read back from its
 * source before anything is sealed with it.
 */
async function createUnderLock(deps: VaultAccessDeps, source: KeySource): Promise<Store> {
  deps.files.ensureFolder(deps.paths.data);
  const lock = await deps.locks.acquire('vault', CREATION_PATIENCE);
  try {
    if (await deps.factory.exists()) {
      throw new VaultError('vault_exists', `there is a vault already at ${deps.paths.database}`, {
        hint: 'vault list\nvault key status',
      });
    }
    return await createWith(deps, source);
  } finally {
    await lock.release();
  }
}

async function createWith(deps: VaultAccessDeps, source: KeySource): Promise<Store> {
  const [{ establishMaster, undone }, { readBackHere }, { newVault }] = await Promise.all([
    import('./new-master.js'),
    import('./key-check.js'),
    import('../../vault/new-vault.js'),
  ]);
  const vaultId = random(VAULT_ID_BYTES);
  const made = await establishMaster(source, masterReference(vaultId, 1), deps.readBack ?? readBackHere);
  let putBack: (() => void) | null = null;
  let marked: string | null = null;
  try {
    const marks = await deps.marks();
    putBack = await deps.rememberKeySource(source);
    const said: readonly AuditEvent[] = [
      { event: 'vault_created', key_source: source.kind },
      ...(putBack === null ? [] : [{ event: 'configuration_changed', what: 'key_source' } as const]),
    ];
    const { head, mark } = newVault(
      vaultId,
      source.kind,
      made.master,
      deps.clock.now(),
      marks.where,
      made.parameters,
      said.map((event) => lineOf(deps.events, event)).filter((line) => line !== null),
    );
    marked = join(marks.folder, mark.name);
    const store = await deps.factory.create(head, () => marks.create(mark.name, mark.bytes));
    for (const event of said) deps.audit.record(event, 'chained');
    return store;
  } catch (failure) {
    const isAnothers = failure instanceof VaultError && failure.code === 'vault_exists';
    const exists = await deps.factory.exists();
    // What failed after the database had got its name takes nothing back: the key is the one that opens it.
    if (exists && !isAnothers) throw failure;
    putBack?.();
    // A mark without a vault would say that there was one.
    if (marked !== null && !exists) deps.files.remove(marked);
    throw await undone(made, failure);
  } finally {
    made.master.fill(0);
  }
}
