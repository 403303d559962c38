import type { Audit } from '../../audit/events.js';
import { VaultError } from '../../domain/errors.js';
import type { KeySource } from '../../keysources/contract.js';
import type { Store, StoreFactory, VaultHead } from '../../stores/contract.js';
import type { Locks } from '../../stores/locks.js';
import type { RollbackMarks } from '../../stores/rollback-marks.js';
import type { Clock, Files, Paths } from '../../system/contract.js';
import type { VaultEvents } from '../../vault/queued-events.js';
import { createVault, type Vault } from '../../vault/vault.js';
import type { ReadBack } from './new-master.js';
import { noteOpenFailed } from './open-failed.js';
import { type Unlocked, unlock } from './unlock.js';

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
  readonly marks: () => Promise<RollbackMarks>;
  /** Where there is no database: the error that a vault was used here before; null, or left out, when none was. */
  readonly vanished?: () => Promise<VaultError | null>;
  /** Told what a person should know though nothing failed. */
  readonly notice: (line: string, hint?: string) => void;
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
    const { makeVault } = await import('./make-vault.js');
    const store = await makeVault(deps, source);
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
