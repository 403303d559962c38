import { RECOVERY_FILE } from '../../audit/events.js';
import { equalBytes } from '../../crypto/derive.js';
import { throwIfInterrupted } from '../../domain/async.js';
import { VaultError } from '../../domain/errors.js';
import { assertStrongPassphrase } from '../../domain/secret.js';
import type { KeySource } from '../../keysources/contract.js';
import type { PassphraseParts } from '../../keysources/passphrase.js';
import type { VaultHead } from '../../stores/contract.js';
import type { Files } from '../../system/contract.js';
import type { Keyring } from '../../vault/keyring.js';
import type { DataKey } from '../../vault/master-key.js';
import { PURPOSES } from '../../vault/master-key.js';
import {
  RECOVERY_LIMIT,
  type Recovery,
  readRecovery,
  recoveryVaultId,
  writeRecovery,
} from '../../vault/recovery-file.js';
import { refuseWithoutFolder } from '../named-file.js';
import { exchangeKey } from './exchange-key.js';
import type { ExportedKey, ImportedKey } from './key-changes-contract.js';
import { recordKeyUse } from './key-trail.js';
import { holdingVault, type KeysDeps, present, viewOf } from './keys.js';
import { notingFailure } from './open-failed.js';
import { keyringOf, refuseOtherKeys } from './recovery-keyring.js';
import { rowsOf, unlock, withKeyring } from './unlock.js';

export interface RecoveryDeps extends KeysDeps {
  readonly files: Files;
  /** Reads a file that a person names, and leaves its mode as it is. */
  readonly readNamed: Files['read'];
  readonly passphrase: () => Promise<PassphraseParts>;
  /** Obeyed until the file, or the new key, is made, and not afterwards. */
  readonly interruption: AbortSignal;
}

/**
 * Writes the data keys into a recovery file, reads it back and opens it.
 *
 * @param file absolute
 * @throws VaultError as {@link KeyChangeUseCases.exportKey}
 */
export async function exportKey(deps: RecoveryDeps, file: string): Promise<ExportedKey> {
  const store = await present(deps);
  if (deps.files.exists(file)) throw isThere(file);
  refuseWithoutFolder(deps.files, file);
  // While a person chooses a passphrase nobody replaces the data keys that it is chosen for.
  const save = async () => {
    const head = await store.head();
    return withKeyring(deps, head, await deps.present(), async (keyring) => {
      await writeOut(deps, { vaultId: head.vaultId, dataKeys: keyring.dataKeys() }, file);
      await recordKeyUse(deps, { store, keyring }, { event: 'key_exported' });
      return { file };
    });
  };
  return holdingVault(deps, save, deps.interruption);
}

/** Asks for a passphrase, writes the file, and makes sure that it holds these data keys. They are wiped. */
async function writeOut(deps: RecoveryDeps, recovery: Recovery, file: string): Promise<void> {
  const { files } = deps;
  const { dataKeys } = recovery;
  try {
    const passphrase = await (await deps.passphrase()).ask(true);
    assertStrongPassphrase(passphrase);
    const text = await writeRecovery(recovery, passphrase);
    await throwIfInterrupted(deps.interruption);
    if (!files.create(file, Buffer.from(text, 'latin1'))) throw isThere(file);
    const again = await readRecovery(readText(deps, file), passphrase, file);
    const same =
      again.dataKeys.length === dataKeys.length &&
      again.dataKeys.every(({ key }, index) => equalBytes(key, dataKeys[index]?.key ?? Buffer.alloc(0)));
    wipe(again.dataKeys);
    if (same) return;
    throw new VaultError('vault_not_writable', `${file} does not hold what was written into it`, {
      hint: 'the disk or its file system alters data: use another one',
    });
  } finally {
    wipe(dataKeys);
  }
}

/**
 * Wraps the data keys of a recovery file under a new master key, once they have opened what the vault knows of itself. Rows
 * of the same kind of source, whose keys are lost, go in the same commit.
 *
 * @param file absolute
 * @param choice null: the source in use
 * @throws VaultError as {@link KeyChangeUseCases.importKey}
 */
export async function importKey(
  deps: RecoveryDeps,
  file: string,
  choice: KeySource | null,
): Promise<ImportedKey> {
  const store = await present(deps);
  const replace = async () => {
    const head = await store.head();
    const inUse = await deps.present();
    const target = choice ?? inUse;
    const { kind } = target;
    const text = readText(deps, file);
    if (!equalBytes(recoveryVaultId(text, file), head.vaultId)) throw anotherVaults(file);
    const dropped = rowsOf(head, kind);
    if (target.keys === 'stored' && (await stillOpens(head, target, deps.database))) throw notLost(target);
    const passphrase = await (await deps.passphrase()).ask(false);
    const recovery = await notingFailure(deps.audit, RECOVERY_FILE, readRecovery(text, passphrase, file));
    const keyring = keyringFrom(head, recovery, file);
    try {
      refuseOtherKeys(keyring, await store.ledger(), file);
      await throwIfInterrupted(deps.interruption);
      const made = await exchangeKey(deps, {
        store,
        head,
        target,
        dropped,
        keyring,
        event: (reference) => ({ event: 'key_imported', key_source: kind, reference }),
      });
      // Those keys are lost. Should one turn up again, it may be a copy of the vault that needs it.
      for (const row of dropped) await store.forgetLeftover(row);
      return {
        key: viewOf(made, target, kind === inUse.kind),
        replaced: dropped.map((row) => row.reference),
      };
    } finally {
      keyring.wipe();
    }
  };
  return holdingVault(deps, replace, deps.interruption);
}

function keyringFrom(head: VaultHead, recovery: Recovery, file: string): Keyring {
  try {
    return keyringOf(head, recovery, file);
  } finally {
    wipe(recovery.dataKeys);
  }
}

/** Whether the target's key opens every data key. Where one is damaged, the recovery file is needed though the key is there. */
async function stillOpens(head: VaultHead, target: KeySource, database: string): Promise<boolean> {
  try {
    const { master, keyring } = await unlock(head, target, database);
    master.fill(0);
    try {
      const dataKeys = keyring.dataKeys();
      wipe(dataKeys);
      return PURPOSES.every((each) => dataKeys.some(({ purpose }) => purpose === each));
    } finally {
      keyring.wipe();
    }
  } catch {
    return false;
  }
}

function readText({ readNamed }: RecoveryDeps, file: string): string {
  const bytes = readNamed(file, RECOVERY_LIMIT);
  if (bytes !== null) return bytes.toString('latin1');
  throw new VaultError('usage', `there is no recovery file at ${file}`, {
    hint: 'vault key export makes one',
  });
}

function wipe(dataKeys: readonly DataKey[]): void {
  for (const { key } of dataKeys) key.fill(0);
}

function isThere(file: string): VaultError {
  return new VaultError('vault_exists', `${file} is there already, and is not replaced`, {
    hint: 'name another file',
  });
}

function anotherVaults(file: string): VaultError {
  return new VaultError('key_wrong', `${file} is the recovery file of another vault`, {
    hint: 'compare the line that begins with vault, or restore the vault that belongs to it',
  });
}

function notLost({ place }: KeySource): VaultError {
  return new VaultError('usage', `the ${place} opens the vault, so there is nothing to recover`, {
    hint: 'for a new key in its place: vault key rotate',
  });
}
