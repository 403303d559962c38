import { cpSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { KeySources } from '../../../src/access/key-sources-rest.js';
import { readBackFrom } from '../../../src/access/new-key.js';
import { type VaultAccess, vaultAccess } from '../../../src/access/vault-access.js';
import { auditLog, trailEvents } from '../../../src/audit/log.js';
import type { Audit, AuditEvent } from '../../../src/domain/audit-events.js';
import { Secret } from '../../../src/domain/secret.js';
import type { KeySource, StoringKeySource } from '../../../src/keysources/contract.js';
import { keyFileSource } from '../../../src/keysources/key-file.js';
import { keychainSource } from '../../../src/keysources/os-keychain.js';
import type { KeysContext } from '../../../src/services/keys/changes.js';
import type { RecoveryContext, RecoveryRequest } from '../../../src/services/keys/recovery.js';
import type { RotateDataContext } from '../../../src/services/keys/rotate-data.js';
import type { StatusContext, UseContext } from '../../../src/services/keys/status.js';
import { eventQueue } from '../../../src/stores/audit-queue.js';
import type { Store } from '../../../src/stores/contract.js';
import { systemClock as clock } from '../../../src/system/clock.js';
import type { Vault } from '../../../src/vault/vault.js';
import { type KeychainDouble, keychainDouble } from '../../doubles/keychain.js';
import { type VaultFolder, vaultFolder } from '../../harness/vault-folder.js';

/** A line of the trail or of the security log. */
export type Told = Readonly<Record<string, unknown>> & { readonly id: string; readonly event: string };

/** What the use cases of the keys take. */
export type StageContext = KeysContext &
  RecoveryContext &
  RotateDataContext &
  StatusContext &
  UseContext & { readonly keys: KeySources };

export function recoveryFile(file: string): RecoveryRequest {
  return { file, passphrase: { file: null, descriptor: null } };
}

/** A vault whose first key is in a keychain in memory, and what it takes to look after its keys. */
export interface KeyStage {
  readonly folder: VaultFolder;
  readonly keychain: KeychainDouble;
  readonly keyFile: string;
  readonly events: AuditEvent[];
  readonly access: VaultAccess;
  readonly ctx: StageContext;
  /** The context with other key sources, or with a store that does one thing in its own way. */
  with(keys: Partial<KeySources>, over?: Partial<StageContext>): StageContext;
  withStore(over: Partial<Store>): StageContext;
  readonly fromKeychain: StoringKeySource;
  readonly fromFile: StoringKeySource;
  store(): Promise<Store>;
  vault(): Promise<Vault>;
  /** Whether a process that opens the vault afresh gets at what is sealed. */
  opens(): Promise<boolean>;
  /** The master keys that the vault knows: the kinds of their sources, and their versions. */
  masterKeys(): Promise<readonly (readonly [source: string, version: string])[]>;
  /** The versions of the keys that are noted as left over in their sources. */
  leftovers(): Promise<readonly string[]>;
  /** The versions of the keys that are in the keychain. */
  inKeychain(): readonly string[];
  /** @param passphrase of the recovery file */
  recovering(passphrase?: string): StageContext;
  /** What stands in the trail, oldest first. */
  trail(): Promise<readonly Told[]>;
  /** What stands in the security log, oldest first. */
  log(): readonly Told[];
  /** Which source this machine uses; the keychain at first. */
  use(source: KeySource): void;
  /** Keeps the vault and its keys as they are now. @returns brings them back */
  save(): Promise<() => Promise<void>>;
  close(): Promise<void>;
}

/** @param reference the name of a master key; other texts may go before it */
const versionOf = (reference: string) => reference.replace(/.*\/master\//, '');

export async function openKeyStage(): Promise<KeyStage> {
  const folder = vaultFolder();
  const keychain = keychainDouble();
  const keyFile = join(folder.home, 'master.key');
  const events: AuditEvent[] = [];
  const { files, paths, marks, notice } = folder;
  const queue = eventQueue(join(folder.home, 'audit'), files);
  const actor = { pid: 1, uid: 1 };
  const log = auditLog({ path: paths.securityLog, files, clock, actor, queue, notice });
  const trail = trailEvents(log, queue);
  const audit: Audit = {
    record(event, chained) {
      events.push(event);
      log.record(event, chained);
    },
  };
  const fromKeychain = keychainSource(keychain);
  let used: KeySource = fromKeychain;
  const keySource = async () => used;
  const rememberKeySource = async () => () => {};
  const access = vaultAccess({ ...folder, clock, audit, events: trail, keySource, rememberKeySource });
  await access.create(fromKeychain);
  events.length = 0;
  const store = async () => (await access.store()) ?? noVault();
  const vault = async () => (await access.open()) ?? noVault();
  const fromFile = keyFileSource(keyFile, folder.files, keyFile);
  const stored = (kind: string) => ({ file: fromFile, keychain: fromKeychain })[kind] ?? null;
  const keys: KeySources = {
    current: keySource,
    decidedBy: async () => null,
    chosen: () => Promise.reject(new Error('the tests choose their sources themselves')),
    usual: async (kind) => (kind === 'file' ? fromFile : null),
    storing: async (kind) => stored(kind),
    remember: rememberKeySource,
    readBack: readBackFrom,
    recoveryPassphrase: async () => ({
      place: 'passphrase',
      ask: async () => new Secret('passphrase example 1'),
    }),
    forget: () => {},
  };
  const ctx: StageContext = {
    ...{ access, audit, clock, files, keys, marks, notice, paths },
    events: trail,
    locks: folder.locks,
    interruption: new AbortController().signal,
    vault: access.open,
    spill: async () => ({ find: () => [], all: () => [] }),
    readNamed: async (path, limit) => folder.readNamed(path, limit),
  };
  return {
    folder,
    keychain,
    keyFile,
    events,
    access,
    ctx,
    with: (other, over = {}) => ({ ...ctx, ...over, keys: { ...keys, ...other } }),
    withStore: (over) => ({
      ...ctx,
      access: { ...access, store: async () => ({ ...(await store()), ...over }) },
    }),
    fromKeychain,
    fromFile,
    store,
    vault,
    async opens() {
      await access.close();
      return (await vault()).rehearse().then(
        () => true,
        () => false,
      );
    },
    async masterKeys() {
      const { masterKeys } = await (await store()).head();
      return masterKeys.map(({ source, reference }) => [source, versionOf(reference)] as const);
    },
    leftovers: async () => (await (await store()).leftovers()).map(({ reference }) => versionOf(reference)),
    inKeychain: () => [...keychain.items.keys()].map(versionOf),
    recovering: (passphrase = 'passphrase example 1') => ({
      ...ctx,
      keys: {
        ...keys,
        recoveryPassphrase: async () => ({ place: 'passphrase', ask: async () => new Secret(passphrase) }),
      },
    }),
    async trail() {
      const entries = await (await store()).trail.after(0, 1_000);
      return entries.map(({ body }) => JSON.parse(body) as Told);
    },
    log: () =>
      readFileSync(paths.securityLog, 'latin1')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Told),
    use(source) {
      used = source;
    },
    async save() {
      await access.close();
      const saved = `${folder.home}.saved`;
      cpSync(folder.home, saved, { recursive: true });
      const items = new Map(keychain.items);
      return async () => {
        await access.close();
        rmSync(folder.home, { recursive: true });
        cpSync(saved, folder.home, { recursive: true });
        keychain.items.clear();
        for (const [name, key] of items) keychain.items.set(name, key);
        used = fromKeychain;
        events.length = 0;
        folder.notices.length = 0;
      };
    },
    async close() {
      await access.close();
      rmSync(`${folder.home}.saved`, { recursive: true, force: true });
      folder.remove();
    },
  };
}

function noVault(): never {
  throw new Error('no vault');
}
