import { resolve } from 'node:path';
import type { Audit } from '../audit/events.js';
import { keyFileFromEnv, readKeySource, withKeySource } from '../config/key-source.js';
import type { Context } from '../context.js';
import { once } from '../domain/async.js';
import type { KeySource, KeySourceSetting } from '../keysources/contract.js';
import type { LoadedKey } from '../keysources/key-memory.js';
import { keyMemory } from '../keysources/key-memory.js';
import type { BackupUseCases } from '../services/backup/backup.js';
import type { KeysDeps } from '../services/keys/keys.js';
import type { KeyChoice, KeyUseCases } from '../services/keys/keys-contract.js';
import type { NewMaster, ReadBack } from '../services/keys/new-master.js';
import { type VaultAccess, vaultAccess } from '../services/keys/vault-access.js';
import type { StoreFactory } from '../stores/contract.js';
import type { Locks } from '../stores/locks.js';
import type { RollbackMarks } from '../stores/rollback-marks.js';
import { reserveSocketPlace } from '../system/agent/agent-socket.js';
import type { Clock, Files, Host, Paths } from '../system/contract.js';
import type { VaultEvents } from '../vault/queued-events.js';
import { keyChangesWith } from './key-changes.js';
import { type KeySourcesWired, keySourcesWith, type NamedWay } from './key-sources.js';

/* How app.ts wires the vault and the sources of its master keys. */

export interface KeyParts {
  readonly host: Host;
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
  readonly marks: () => Promise<RollbackMarks>;
  /** A master key that another process has loaded; null: none. */
  readonly handed: LoadedKey | null;
}

/** The key sources of this machine, and the vault that they open. */
export interface KeyAccess {
  readonly access: VaultAccess;
  readonly sources: KeySourcesWired;
  /** The key source that the environment or the configuration names; the keychain when neither does. */
  current(): Promise<KeySource>;
  /** The file or variable that names it; null: nothing does. @throws VaultError `config_invalid` */
  decidedBy(): string | null;
  /** The key source that a command line names. */
  chosen(choice: KeyChoice): Promise<KeySource>;
  /** Writes the choice into the configuration. @returns undoes that; null when it was written there already */
  remember(source: KeySource): Promise<(() => void) | null>;
  readonly readBack: ReadBack;
  /** Wipes the keys that are kept in memory so that the user is not asked for them twice. */
  forget(): void;
}

export function createKeyAccess(parts: KeyParts): KeyAccess {
  const { host, paths, files, readText } = parts;
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

  const access = vaultAccess({
    ...parts,
    keySource: present,
    async rememberKeySource(source) {
      await (await import('../access/addon.js')).noteAddon(parts);
      return rememberKeySource(source);
    },
    readBack,
    forgetKeys: memory.forget,
    async vanished() {
      const [{ vanishedVault }, { readOnlyFs }] = await Promise.all([
        import('../services/keys/vanished.js'),
        import('../system/files/read-only.js'),
      ]);
      return vanishedVault(paths, readOnlyFs);
    },
  });

  return {
    access,
    sources,
    current: present,
    decidedBy: () => configured().decidedBy,
    chosen,
    remember: rememberKeySource,
    readBack,
    forget: memory.forget,
  };
}

/** The use cases that change and show keys, until the commands call them. */
export function keyUseCases(ctx: Context): KeyUseCases & BackupUseCases {
  const { host, paths, files, locks, clock, audit, events, keys, access, marks } = ctx;
  const deps: KeysDeps = {
    ...{ marks, events, locks, clock, audit },
    notice: ctx.notice,
    store: access.store,
    database: paths.database,
    present: keys.current,
    readBack: keys.readBack,
  };

  return {
    async init({ choice }) {
      const source = choice === null ? await keys.current() : await keys.chosen(choice);
      await access.create(source);
      reserveSocketPlace(paths, host, files, ctx.notice);
      const { database, configFile } = paths;
      return { keySource: source.kind, place: source.place, database, configFile };
    },

    async keyStatus() {
      const { keyStatus } = await import('../services/keys/keys-in-use.js');
      const decidedBy = keys.decidedBy();
      return keyStatus({
        ...deps,
        decidedBy,
        ownKeyFile: files.exists(paths.keyFile) ? paths.keyFile : null,
      });
    },

    async addKey(choice) {
      const { addKey } = await import('../services/keys/add-key.js');
      return addKey(deps, await keys.chosen(choice));
    },

    async removeKey(kind) {
      const { removeKey } = await import('../services/keys/remove-key.js');
      return removeKey(deps, kind, () => keys.sources.storing(kind));
    },

    ...keyChangesWith({
      ...{ host, paths, files, clock, deps },
      chosen: keys.chosen,
      passphraseOf: keys.sources.passphraseOf,
      usualSource: keys.sources.usual,
      interruption: host.interruption,
      access,
      marks,
    }),

    async useKey(choice) {
      const { useKey } = await import('../services/keys/keys-in-use.js');
      const overruledBy = keyFileFromEnv(host.env) === null ? null : 'VAULT_KEY_FILE';
      const { configFile } = paths;
      return useKey({ ...deps, configFile, remember: keys.remember, overruledBy }, await keys.chosen(choice));
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
