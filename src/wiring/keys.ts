import { resolve } from 'node:path';
import type { Audit } from '../audit/events.js';
import { keyFileFromEnv } from '../config/key-in-force.js';
import { readKeySource, withKeySource } from '../config/key-source.js';
import { once } from '../domain/once.js';
import type { KeySource, KeySourceSetting } from '../keysources/contract.js';
import { keyMemory } from '../keysources/remembered.js';
import type { BackupUseCases } from '../services/backup/backup-contract.js';
import type { KeysDeps } from '../services/keys/keys.js';
import type { KeyChoice, KeyUseCases } from '../services/keys/keys-contract.js';
import type { NewMaster } from '../services/keys/new-master.js';
import { type VaultAccess, vaultAccess } from '../services/keys/vault-access.js';
import type { HandedKey } from '../services/refresh/refresher-protocol.js';
import type { Locks, StoreFactory } from '../stores/contract.js';
import { reserveSocketPlace } from '../system/agent/agent-socket.js';
import type { Clock, Files, Host, Paths } from '../system/contract.js';
import type { VaultEvents } from '../vault/audit-queued.js';
import { keyChangesWith } from './key-changes.js';
import { keySourcesWith, type NamedWay } from './key-sources.js';

/* How app.ts wires the vault and the sources of its master keys. */

export interface KeyParts {
  readonly host: Host;
  readonly profile: string | null;
  readonly paths: Paths;
  readonly files: Files;
  readonly factory: StoreFactory;
  readonly locks: Locks;
  readonly clock: Clock;
  readonly audit: Audit;
  /** What goes into the vault's trail. */
  readonly events: VaultEvents;
  readonly readText: (path: string) => string | null;
  readonly notice: (line: string, hint?: string) => void;
  /** A master key that another process has loaded; null: none. */
  readonly handed: HandedKey | null;
}

export interface KeyWiring extends KeyUseCases, BackupUseCases {
  readonly access: VaultAccess;
  /** Wipes the keys that are kept so that nobody is asked for them twice. */
  forgetKeys(): void;
}

export function keysWith(parts: KeyParts): KeyWiring {
  const { host, paths, files, locks, clock, audit, readText } = parts;
  const { env } = host;
  // Asked late: a stream costs time when it is first looked at.
  const person = () => host.stdin.isTTY === true && host.stderr.isTTY === true;
  const turns = once(async () => {
    const { passphraseTurns } = await import('../services/keys/opening-rate.js');
    const { queue } = parts.events;
    const trail = async () => (await access.store())?.trail ?? null;
    return passphraseTurns({ ...parts, trail, queue, interruption: host.interruption });
  });
  const sources = keySourcesWith({ ...parts, person, turn: async () => (await turns())() });
  const memory = keyMemory();
  if (parts.handed !== null) memory.keep(parts.handed);

  function configured(): { readonly setting: KeySourceSetting; readonly decidedBy: string | null } {
    const keyFile = keyFileFromEnv(env);
    if (keyFile !== null) return { setting: { kind: 'file', path: keyFile }, decidedBy: 'VAULT_KEY_FILE' };
    const setting = readKeySource(readText(paths.configFile), paths.configFile);
    return { setting: setting ?? { kind: 'keychain' }, decidedBy: setting && paths.configFile };
  }

  const present = async () => memory.around(await sources.source(configured().setting));

  async function chosen({ setting, passphraseFd }: KeyChoice): Promise<KeySource> {
    const named = passphraseFd === null ? null : { descriptor: passphraseFd };
    return memory.around(await sources.source(fromHere(setting, env), named, true));
  }

  async function rememberKeySource(source: KeySource): Promise<(() => void) | null> {
    files.ensureFolder(paths.config);
    const before = readText(paths.configFile);
    const after = withKeySource(before, source.setting, paths.configFile);
    if (after === before) return null;
    files.replace(paths.configFile, Buffer.from(after, 'utf8'));
    return () => {
      if (before === null) files.remove(paths.configFile);
      else files.replace(paths.configFile, Buffer.from(before, 'utf8'));
    };
  }

  async function readBack(source: KeySource, made: NewMaster): Promise<void> {
    const { readBackFrom } = await import('../services/keys/new-master.js');
    const passphrase = sources.passphrase()?.reveal() ?? null;
    const named: NamedWay | null = passphrase === null ? null : { known: passphrase };
    // The source that made the key keeps it in memory; a fresh one does not.
    return readBackFrom(await sources.source(source.setting, named, true), made);
  }

  const marks = once(async () => (await import('./marks.js')).marksWith(paths, files));
  const access = vaultAccess({
    ...parts,
    keySource: present,
    async rememberKeySource(source) {
      await (await import('./addon.js')).noteAddon(parts);
      return rememberKeySource(source);
    },
    readBack,
    forgetKeys: memory.forget,
    marks,
    async vanished() {
      const [{ vanishedVault }, { look }] = await Promise.all([
        import('../services/keys/vanished.js'),
        import('../system/files/look.js'),
      ]);
      return vanishedVault(paths, look);
    },
  });

  const deps: KeysDeps = {
    marks,
    events: parts.events,
    notice: parts.notice,
    store: access.store,
    database: paths.database,
    locks,
    clock,
    audit,
    present,
    readBack,
  };

  return {
    access,
    forgetKeys: memory.forget,

    async init({ choice }) {
      const source = choice === null ? await present() : await chosen(choice);
      await access.create(source);
      reserveSocketPlace(paths, host, files, parts.notice);
      const { database, configFile } = paths;
      return { keySource: source.kind, place: source.place, database, configFile };
    },

    async keyStatus() {
      const { keyStatus } = await import('../services/keys/keys-in-use.js');
      const { decidedBy } = configured();
      return keyStatus({
        ...deps,
        decidedBy,
        ownKeyFile: files.exists(paths.keyFile) ? paths.keyFile : null,
      });
    },

    async addKey(choice) {
      const { addKey } = await import('../services/keys/add-key.js');
      return addKey(deps, await chosen(choice));
    },

    async removeKey(kind) {
      const { removeKey } = await import('../services/keys/remove-key.js');
      return removeKey(deps, kind, () => sources.storing(kind));
    },

    ...keyChangesWith({
      ...parts,
      deps,
      chosen,
      passphraseOf: sources.passphraseOf,
      usualSource: sources.usual,
      interruption: host.interruption,
      access,
      marks,
    }),

    async useKey(choice) {
      const { useKey } = await import('../services/keys/keys-in-use.js');
      const overruledBy = keyFileFromEnv(env) === null ? null : 'VAULT_KEY_FILE';
      const { configFile } = paths;
      return useKey({ ...deps, configFile, remember: rememberKeySource, overruledBy }, await chosen(choice));
    },
  };
}

/** A path on a command line is meant from where one stands; what is remembered must not depend on that. */
function fromHere(setting: KeySourceSetting, env: Host['env']): KeySourceSetting {
  if (setting.kind === 'file') {
    return { kind: 'file', path: setting.path === null ? keyFileFromEnv(env) : resolve(setting.path) };
  }
  if (setting.kind !== 'passphrase' || setting.file === null) return setting;
  return { kind: 'passphrase', file: resolve(setting.file) };
}
