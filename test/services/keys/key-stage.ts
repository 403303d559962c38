import { join } from 'node:path';
import type { AuditEvent } from '../../../src/audit/events.js';
import type { KeySource, StoringKeySource } from '../../../src/keysources/contract.js';
import { keyFileSource } from '../../../src/keysources/key-file.js';
import { keychainSource } from '../../../src/keysources/os-keychain.js';
import { readBackHere } from '../../../src/services/keys/key-check.js';
import type { KeysDeps } from '../../../src/services/keys/keys.js';
import { type VaultAccess, vaultAccess } from '../../../src/services/keys/vault-access.js';
import { systemClock as clock } from '../../../src/system/clock.js';
import { type KeychainDouble, keychainDouble } from '../../doubles/keychain.js';
import { type VaultFolder, vaultFolder } from '../../harness/vault-folder.js';

/** A vault whose first key is in a keychain in memory, and what it takes to look after its keys. */
export interface KeyStage {
  readonly folder: VaultFolder;
  readonly keychain: KeychainDouble;
  readonly keyFile: string;
  readonly events: AuditEvent[];
  readonly access: VaultAccess;
  readonly deps: KeysDeps;
  readonly fromKeychain: StoringKeySource;
  readonly fromFile: StoringKeySource;
  /** Which source this machine uses; the keychain at first. */
  use(source: KeySource): void;
  close(): Promise<void>;
}

export async function openKeyStage(): Promise<KeyStage> {
  const folder = vaultFolder();
  const keychain = keychainDouble();
  const keyFile = join(folder.home, 'master.key');
  const events: AuditEvent[] = [];
  const audit = { record: (event: AuditEvent) => void events.push(event) };
  const fromKeychain = keychainSource(keychain);
  let used: KeySource = fromKeychain;
  const keySource = async () => used;
  const access = vaultAccess({ ...folder, clock, audit, keySource, rememberKeySource: async () => () => {} });
  await access.create(fromKeychain);
  events.length = 0;
  const { store } = access;
  const database = folder.paths.database;
  return {
    folder,
    keychain,
    keyFile,
    events,
    access,
    deps: { store, database, locks: folder.locks, clock, audit, present: keySource, readBack: readBackHere },
    fromKeychain,
    fromFile: keyFileSource(keyFile, folder.files, keyFile),
    use(source) {
      used = source;
    },
    async close() {
      await access.close();
      folder.remove();
    },
  };
}
