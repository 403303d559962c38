import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AUDIT_EVENTS, type Audit, type AuditEvent } from '../../../src/audit/events.js';
import { auditLog } from '../../../src/audit/log.js';
import type { KeySource, StoringKeySource } from '../../../src/keysources/contract.js';
import { keyFileSource } from '../../../src/keysources/key-file.js';
import { keychainSource } from '../../../src/keysources/os-keychain.js';
import { readBackHere } from '../../../src/services/keys/key-check.js';
import type { KeysDeps } from '../../../src/services/keys/keys.js';
import { type VaultAccess, vaultAccess } from '../../../src/services/keys/vault-access.js';
import { eventQueue } from '../../../src/stores/audit-queue.js';
import { systemClock as clock } from '../../../src/system/clock.js';
import { type KeychainDouble, keychainDouble } from '../../doubles/keychain.js';
import { type VaultFolder, vaultFolder } from '../../harness/vault-folder.js';

/** A line of the trail or of the security log. */
export type Told = Readonly<Record<string, unknown>> & { readonly id: string; readonly event: string };

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
  /** What stands in the trail, oldest first. */
  trail(): Promise<readonly Told[]>;
  /** What stands in the security log, oldest first. */
  log(): readonly Told[];
  /** Which source this machine uses; the keychain at first. */
  use(source: KeySource): void;
  close(): Promise<void>;
}

export async function openKeyStage(): Promise<KeyStage> {
  const folder = vaultFolder();
  const keychain = keychainDouble();
  const keyFile = join(folder.home, 'master.key');
  const events: AuditEvent[] = [];
  const { files, paths, marks, notice } = folder;
  const queue = eventQueue(join(folder.home, 'audit'), files);
  const actor = { pid: 1, uid: 1 };
  const log = auditLog({ path: paths.securityLog, files, clock, actor, queue, notice });
  const altered = (count: number) => {
    const { at, id, body } = log.line({ event: 'queue_altered', count });
    return { at, origin: id, body };
  };
  const trail = { queue, known: AUDIT_EVENTS, line: log.line, altered };
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
  const { store } = access;
  const database = folder.paths.database;
  return {
    folder,
    keychain,
    keyFile,
    events,
    access,
    deps: {
      store,
      database,
      locks: folder.locks,
      clock,
      audit,
      marks,
      events: trail,
      notice,
      present: keySource,
      readBack: readBackHere,
    },
    fromKeychain,
    fromFile: keyFileSource(keyFile, folder.files, keyFile),
    async trail() {
      const entries = (await (await store())?.trail.after(0, 1_000)) ?? [];
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
    async close() {
      await access.close();
      folder.remove();
    },
  };
}
