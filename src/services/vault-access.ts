import type { Audit } from '../audit/events.js';
import { equalBytes, random } from '../crypto/derive.js';
import { VaultError } from '../domain/errors.js';
import type { KeySource } from '../keysources/contract.js';
import type { Locks, Marks, Store, StoreFactory } from '../stores/contract.js';
import type { Clock, Files, Paths } from '../system/contract.js';
import { type Keyring, masterReference, openKeyring } from '../vault/keyring.js';
import type { NewVault } from '../vault/new-vault.js';
import { createVault, type Vault } from '../vault/vault.js';

const VAULT_ID_BYTES = 16;
const MASTER_KEY_BYTES = 32;
/** Creating a vault takes a fraction of a second, unless the keychain asks its owner something. */
const CREATION_PATIENCE = 60_000;

export interface VaultAccessDeps {
  readonly paths: Paths;
  readonly files: Files;
  readonly factory: StoreFactory;
  readonly locks: Locks;
  readonly clock: Clock;
  readonly audit: Audit;
  /** The key source that the environment or the configuration names; the keychain when neither does. */
  readonly keySource: () => Promise<KeySource>;
  /** Writes the choice of key source into the configuration, so that it is never guessed again. */
  readonly rememberKeySource: (source: KeySource) => Promise<void>;
  readonly marks: () => Promise<Marks>;
  /** Told what a person should know though nothing failed. */
  readonly notice: (line: string) => void;
}

/** How the use cases come by the vault: opened once, made when a login needs one. */
export interface VaultAccess {
  /** Null where there is none yet. No key is fetched before something sealed is needed. */
  open(): Promise<Vault | null>;
  openOrCreate(): Promise<Vault>;
  /** @throws VaultError `vault_exists` */
  create(source: KeySource): Promise<Vault>;
  close(): Promise<void>;
}

export function vaultAccess(deps: VaultAccessDeps): VaultAccess {
  let opened: Promise<Vault> | null = null;

  /** Remembers what is being opened, so that calls at the same time share it; what failed is tried again. */
  function remember(vault: Promise<Vault>): Promise<Vault> {
    opened = vault;
    vault.catch(() => {
      if (opened === vault) opened = null;
    });
    return vault;
  }

  async function open(): Promise<Vault | null> {
    if (opened !== null) return opened;
    if (!(await deps.factory.exists())) return null;
    // Another call may have begun to open it meanwhile.
    return opened ?? remember(openStore());
  }

  async function openStore(): Promise<Vault> {
    const store = await deps.factory.open();
    return createVault({ ...deps, store, unlock: () => unlock(deps, store) });
  }

  async function create(source: KeySource): Promise<Vault> {
    const store = await createUnderLock(deps, source);
    const vault = createVault({ ...deps, store, unlock: () => unlock(deps, store, source) });
    return remember(Promise.resolve(vault));
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
    async close() {
      const vault = await opened?.catch(() => null);
      await vault?.close();
      opened = null;
    },
  };
}

function mustBeThere(vault: Vault | null): Vault {
  if (vault === null) throw new VaultError('vault_damaged', 'the vault vanished while it was being opened');
  return vault;
}

async function unlock(deps: VaultAccessDeps, store: Store, source?: KeySource): Promise<Keyring> {
  const head = await store.head();
  const chosen = source ?? (await deps.keySource());
  const masterKey = head.masterKeys.find((row) => row.source === chosen.kind) ?? head.masterKeys[0];
  if (masterKey === undefined) {
    throw new VaultError('vault_damaged', `${deps.paths.database} is damaged: it lists no master key`, {
      hint: 'restore the vault from a backup',
    });
  }
  const master = await chosen.load(masterKey.reference);
  try {
    return openKeyring(head, masterKey, master, chosen.place);
  } finally {
    master.fill(0);
  }
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
        hint: 'vault list shows what is in it',
      });
    }
    const marks = await deps.marks();
    const { head, mark } = await makeVault(deps, source, marks);
    await deps.rememberKeySource(source);
    marks.create(mark.name, mark.bytes);
    const store = await deps.factory.create(head);
    deps.audit.record({ event: 'vault_created', key_source: source.kind });
    return store;
  } finally {
    await lock.release();
  }
}

async function makeVault(deps: VaultAccessDeps, source: KeySource, marks: Marks): Promise<NewVault> {
  const { newVault } = await import('../vault/new-vault.js');
  const vaultId = random(VAULT_ID_BYTES);
  const reference = masterReference(vaultId, 1);
  const master = (await loadIfThere(source, reference)) ?? (await createKey(source, reference));
  try {
    const readBack = await source.load(reference);
    if (!equalBytes(readBack, master)) {
      throw new VaultError(
        'key_unavailable',
        `the ${source.place} gave back another key than was stored in it`,
        {
          hint: 'use another key source: vault init --key-source file',
        },
      );
    }
    readBack.fill(0);
    return newVault(vaultId, source.kind, master, deps.clock.now(), marks.where);
  } finally {
    master.fill(0);
  }
}

async function createKey(source: KeySource, reference: string): Promise<Buffer> {
  const master = random(MASTER_KEY_BYTES);
  try {
    await source.create(reference, master);
    return master;
  } catch (failure) {
    master.fill(0);
    if (!(failure instanceof VaultError) || failure.code !== 'vault_exists') throw failure;
    // Another profile that shares the key file was faster: its key is as good as ours.
    return source.load(reference);
  }
}

/** A key file may have been put there by its owner beforehand. */
async function loadIfThere(source: KeySource, reference: string): Promise<Buffer | null> {
  try {
    return await source.load(reference);
  } catch (failure) {
    if (failure instanceof VaultError && failure.code === 'key_missing') return null;
    throw failure;
  }
}
