import { join, resolve } from 'node:path';
import type { KeySource } from '../keysources/contract.js';
import type { PassphraseParts } from '../keysources/passphrase.js';
import type { BackupUseCases } from '../services/backup/backup.js';
import type { RestoreDeps } from '../services/backup/restore.js';
import type { KeyChangeUseCases, PassphraseFrom } from '../services/keys/key-changes-contract.js';
import type { KeysDeps } from '../services/keys/keys.js';
import type { KeyChoice } from '../services/keys/keys-contract.js';
import type { RecoveryDeps } from '../services/keys/recovery.js';
import type { VaultAccess } from '../services/keys/vault-access.js';
import type { RollbackMarks } from '../stores/rollback-marks.js';
import type { Clock, Files, Host, Paths } from '../system/contract.js';

/* How wiring/keys.ts wires what changes, saves and brings back keys and vault. Loaded when first called. */

export interface KeyChangeParts {
  readonly host: Pick<Host, 'uid'>;
  readonly paths: Paths;
  readonly files: Files;
  readonly clock: Clock;
  readonly deps: KeysDeps;
  readonly access: VaultAccess;
  readonly marks: () => Promise<RollbackMarks>;
  readonly chosen: (choice: KeyChoice) => Promise<KeySource>;
  /** The source of this kind where nothing is said of it; null for one that has to be named. */
  readonly usualSource: (kind: string) => Promise<KeySource | null>;
  readonly interruption: AbortSignal;
  readonly passphraseOf: (what: string, from: PassphraseFrom) => Promise<PassphraseParts>;
}

export function keyChangesWith(parts: KeyChangeParts): KeyChangeUseCases & BackupUseCases {
  const { deps, chosen, paths, files, clock, access } = parts;

  async function copies() {
    const { sqliteCopies } = await import('../stores/sqlite-copies.js');
    return sqliteCopies(paths.database, files, clock);
  }

  async function readNamed(): Promise<Files['read']> {
    const { readOnlyFiles } = await import('../system/files/read-only.js');
    return readOnlyFiles(parts.host.uid).read;
  }

  async function recovering(from: PassphraseFrom): Promise<RecoveryDeps> {
    const passphrase = () => parts.passphraseOf('the recovery file', from);
    const { interruption } = parts;
    return { ...deps, files, readNamed: await readNamed(), passphrase, interruption };
  }

  /** What waits beside the vault; nothing is put there. */
  async function spill() {
    const { spillFolder } = await import('../stores/spill.js');
    return spillFolder({ folder: join(paths.data, 'spill'), files, clock, name: '', slots: 0 });
  }

  async function restoring(): Promise<RestoreDeps> {
    return {
      ...deps,
      folder: paths.data,
      files,
      readNamed: await readNamed(),
      copies: await copies(),
      vault: access.open,
      spill: await spill(),
      closeStore: access.close,
      interruption: parts.interruption,
      async standing() {
        const vault = await access.open();
        return vault === null ? null : (await vault.examine()).standing;
      },
    };
  }

  return {
    async rotateKey(choice) {
      const { rotateKey } = await import('../services/keys/rotate-key.js');
      return rotateKey(deps, choice === null ? null : await chosen(choice));
    },

    async rotateDataKeys(report) {
      const { rotateDataKeys } = await import('../services/keys/rotate-data.js');
      const { usualSource, interruption } = parts;
      const vault = access.open;
      return rotateDataKeys({ ...deps, vault, usualSource, spill: await spill(), interruption }, report);
    },

    async exportKey({ file, passphrase }) {
      const { exportKey } = await import('../services/keys/recovery.js');
      return exportKey(await recovering(passphrase), resolve(file));
    },

    async importKey({ file, passphrase, choice }) {
      const [{ importKey }, { orIntoFile }] = await Promise.all([
        import('../services/keys/recovery.js'),
        import('../services/keys/import-target.js'),
      ]);
      const path = resolve(file);
      const target = choice === null ? null : orIntoFile(await chosen(choice), path);
      const present = async () => orIntoFile(await deps.present(), path);
      return importKey({ ...(await recovering(passphrase)), present }, path, target);
    },

    async backup({ file, force }) {
      const { backUp } = await import('../services/backup/backup.js');
      const saving = { files, copies: await copies(), vault: access.open, spill: await spill() };
      return backUp({ ...deps, ...saving, interruption: parts.interruption }, resolve(file), force);
    },

    async planRestore(file) {
      const { planRestore } = await import('../services/backup/restore.js');
      return planRestore(await restoring(), resolve(file));
    },

    async restore(file) {
      const { restore } = await import('../services/backup/restore.js');
      return restore(await restoring(), resolve(file));
    },
  };
}
