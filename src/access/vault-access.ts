import { VaultError } from '../domain/errors.js';
import type { KeySource } from '../keysources/contract.js';
import type { Store, VaultHead } from '../stores/contract.js';
import { vaultOver } from '../vault/open-vault.js';
import type { Vault } from '../vault/vault.js';
import type { NewVaultDeps } from './make-vault.js';
import { type Unlocked, unlock } from './unlock.js';

export interface VaultAccessDeps extends NewVaultDeps {
  /** The key source that the environment or the configuration names; the keychain when neither does. */
  readonly keySource: () => Promise<KeySource>;
  /** Drops the keys in memory, called when one has turned out not to be the vault's. */
  readonly forgetKeys?: () => void;
  /** Called once {@link VaultAccess.create} has made a vault. */
  readonly created?: () => Promise<void>;
  readonly notice: (line: string, hint?: string) => void;
}

/** Opens the vault once, and makes it when a login needs one. */
export interface VaultAccess {
  /**
   * Null where there is none yet. No key is loaded before something sealed is read.
   *
   * @throws VaultError like all here: `vault_damaged` also where there was a vault and its database is gone
   */
  open(): Promise<Vault | null>;
  openOrCreate(): Promise<Vault>;
  /** Also where a vault has vanished. @throws VaultError `vault_exists` */
  create(source: KeySource): Promise<void>;
  /** The database; null where there is no vault yet. It is closed with the vault. */
  store(): Promise<Store | null>;
  /** The key that opens the vault, for the refresher process. The caller wipes it. @throws VaultError the key's codes */
  handOver(): Promise<{ readonly reference: string; readonly key: Buffer }>;
  close(): Promise<void>;
}

interface Opened {
  readonly store: Store;
  readonly vault: Vault;
}

export function vaultAccess(deps: VaultAccessDeps): VaultAccess {
  let opened: Promise<Opened> | null = null;

  /** Shares the opening among calls at the same time; after a failure the next call tries again. */
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
    return opened ?? remember(deps.factory.open().then((store) => openedOver(store)));
  }

  async function nothingThere(): Promise<null> {
    const [{ vanishedVault }, { readOnlyFs }] = await Promise.all([
      import('./open-failure.js'),
      import('../system/files/read-only.js'),
    ]);
    const vanished = vanishedVault(deps.paths, readOnlyFs);
    if (vanished !== null) throw vanished;
    return null;
  }

  function openedOver(store: Store, source?: KeySource): Opened {
    const vault = vaultOver({
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
        // The next attempt must load the key again: the user may have restored the right one.
        deps.forgetKeys?.();
        const now = await store.head();
        // Another process may have replaced the key since the key table was read.
        if (sameKeys(head, now)) {
          const { auditOpenFailure } = await import('./open-failure.js');
          auditOpenFailure(deps.audit, from.kind, failure);
          throw failure;
        }
        head = now;
      }
    }
  }

  async function open(): Promise<Vault | null> {
    return (await openOnce())?.vault ?? null;
  }

  async function make(source: KeySource): Promise<Vault> {
    const { makeVault } = await import('./make-vault.js');
    const store = await makeVault(deps, source);
    return (await remember(Promise.resolve(openedOver(store, source)))).vault;
  }

  return {
    open,
    async create(source) {
      await make(source);
      await deps.created?.();
    },
    async openOrCreate() {
      const vault = await open();
      if (vault !== null) return vault;
      try {
        return await make(await deps.keySource());
      } catch (failure) {
        // Another process was faster; its vault serves as well.
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
