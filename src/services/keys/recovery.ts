import { resolve } from 'node:path';
import type { KeySources, PassphraseFrom } from '../../access/key-sources-rest.js';
import { rowsOf, unlock } from '../../access/unlock.js';
import { holdingVault } from '../../access/vault-lock.js';
import { auditingOpen, withKeyring } from '../../access/with-keyring.js';
import type { Context } from '../../context.js';
import { equalBytes, random } from '../../crypto/derive.js';
import { KEY_BYTES } from '../../crypto/sealed-box.js';
import { RECOVERY_FILE } from '../../domain/audit-events.js';
import { withMoreHints } from '../../domain/error-forms.js';
import { isKeyFailure, VaultError } from '../../domain/errors.js';
import { command } from '../../domain/hints.js';
import { assertStrongPassphrase } from '../../domain/passphrase.js';
import { inQuotes } from '../../domain/safe-text.js';
import { throwIfInterrupted } from '../../domain/waiting.js';
import type { KeySource } from '../../keysources/contract.js';
import type { MasterKeyRow, SealedLedger, VaultHead } from '../../stores/contract.js';
import { isDamage } from '../../vault/damage.js';
import { wrapDataKeys } from '../../vault/data-keys.js';
import { type Keyring, openKeyring } from '../../vault/keyring.js';
import { openLedger } from '../../vault/ledger.js';
import { type DataKey, keyCheckValue, masterReference, PURPOSES } from '../../vault/master-key.js';
import {
  RECOVERY_LIMIT,
  type Recovery,
  readRecovery,
  recoveryVaultId,
  writeRecovery,
} from '../../vault/recovery-file.js';
import { refuseWithoutFolder } from '../named-file.js';
import { type KeysContext, type MasterKeyView, recordKeyUse, requireStore, viewOf } from './changes.js';
import { exchangeKey } from './rotate-master.js';

/** The interruption is obeyed until the file or the new key is made, and not afterwards. */
export interface RecoveryContext extends KeysContext, Pick<Context, 'files' | 'readNamed' | 'interruption'> {
  readonly keys: KeysContext['keys'] & Pick<KeySources, 'recoveryPassphrase'>;
}

export interface RecoveryRequest {
  readonly file: string;
  readonly passphrase: PassphraseFrom;
}

export interface ImportedKey {
  readonly key: MasterKeyView;
  /** References of the old keys. */
  readonly replaced: readonly string[];
}

/**
 * Writes the data keys into a recovery file sealed with a passphrase, reads it back and opens it.
 *
 * @returns the absolute path of the file
 * @throws VaultError the key's codes; `vault_exists` when the file exists; `usage` for a passphrase that is too short
 */
export async function exportKey(ctx: RecoveryContext, request: RecoveryRequest): Promise<string> {
  const file = resolve(request.file);
  const store = await requireStore(ctx.access);
  if (ctx.files.exists(file)) throw fileExists(file);
  refuseWithoutFolder(ctx.files, file);
  // Under the lock, because the data keys must not be replaced while the user chooses a passphrase.
  const save = async () => {
    const head = await store.head();
    return withKeyring(ctx, head, await ctx.keys.current(), async (keyring) => {
      await writeOut(ctx, { vaultId: head.vaultId, dataKeys: keyring.dataKeys() }, file, request.passphrase);
      await recordKeyUse(ctx, { store, keyring }, { event: 'key_exported' });
      return file;
    });
  };
  return holdingVault(ctx, save, ctx.interruption);
}

/** Asks for a passphrase, writes the file, and checks that it holds these data keys. Wipes them. */
async function writeOut(
  ctx: RecoveryContext,
  recovery: Recovery,
  file: string,
  from: PassphraseFrom,
): Promise<void> {
  const { files } = ctx;
  const { dataKeys } = recovery;
  try {
    const passphrase = await (await ctx.keys.recoveryPassphrase(from)).ask(true);
    assertStrongPassphrase(passphrase);
    const text = await writeRecovery(recovery, passphrase);
    await throwIfInterrupted(ctx.interruption);
    if (!files.create(file, Buffer.from(text, 'latin1'))) throw fileExists(file);
    const again = await readRecovery(await readText(ctx, file), passphrase, file);
    const same =
      again.dataKeys.length === dataKeys.length &&
      again.dataKeys.every(({ key }, index) => equalBytes(key, dataKeys[index]?.key ?? Buffer.alloc(0)));
    wipe(again.dataKeys);
    if (same) return;
    throw new VaultError('vault_not_writable', `${file} differs from what was written into it`, {
      hint: 'the disk or its file system alters data: use another disk',
    });
  } finally {
    wipe(dataKeys);
  }
}

/**
 * Wraps the data keys of a recovery file under a new master key, once they have opened the vault's ledger. The rows of the
 * same kind of source, whose keys are lost, are deleted in the same commit.
 *
 * @param choice the source of the new key; null: the one in use
 * @throws VaultError the codes of the source; `key_wrong` for a wrong passphrase, another vault's file and data keys from
 * another time, `vault_damaged` for a damaged file and other data keys, `vault_newer`
 */
export async function importKey(
  ctx: RecoveryContext,
  request: RecoveryRequest,
  choice: KeySource | null,
): Promise<ImportedKey> {
  const file = resolve(request.file);
  const store = await requireStore(ctx.access);
  const replace = async () => {
    const head = await store.head();
    const inUse = await ctx.keys.current();
    const target = withFileFallback(choice ?? inUse, file);
    const { kind } = target;
    const text = await readText(ctx, file);
    if (!equalBytes(recoveryVaultId(text, file), head.vaultId)) throw ofAnotherVault(file);
    const dropped = rowsOf(head, kind);
    if (target.keys === 'stored' && (await stillOpens(head, target, ctx.paths.database)))
      throw notLost(target);
    const passphrase = await (await ctx.keys.recoveryPassphrase(request.passphrase)).ask(false);
    const recovery = await auditingOpen(ctx.audit, RECOVERY_FILE, readRecovery(text, passphrase, file));
    const keyring = keyringOf(head, recovery, file);
    try {
      refuseOtherKeys(keyring, await store.ledger(), file);
      await throwIfInterrupted(ctx.interruption);
      const made = await exchangeKey(ctx, {
        store,
        head,
        target,
        dropped,
        keyring,
        event: (reference) => ({ event: 'key_imported', key_source: kind, reference }),
      });
      // These keys are lost. If one is found again, it is kept, because a copy of the vault may need it.
      for (const row of dropped) await store.forgetLeftover(row);
      return {
        key: viewOf(made, target, kind === inUse.kind),
        replaced: dropped.map((row) => row.reference),
      };
    } finally {
      keyring.wipe();
    }
  };
  return holdingVault(ctx, replace, ctx.interruption);
}

/** Whether the target's key opens every data key. If one is damaged, the recovery file is needed although the key exists. */
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

async function readText({ readNamed }: RecoveryContext, file: string): Promise<string> {
  const bytes = await readNamed(file, RECOVERY_LIMIT);
  if (bytes !== null) return bytes.toString('latin1');
  throw new VaultError('usage', `there is no recovery file at ${file}`, {
    hint: `to make one: ${command('key export FILE')}`,
  });
}

function wipe(dataKeys: readonly DataKey[]): void {
  for (const { key } of dataKeys) key.fill(0);
}

function fileExists(file: string): VaultError {
  return new VaultError('vault_exists', `${file} exists already and is not overwritten`, {
    hint: 'name another file',
  });
}

function ofAnotherVault(file: string): VaultError {
  return new VaultError('key_wrong', `${file} is the recovery file of another vault`, {
    hint: 'compare the line that begins with "vault", or restore the vault that belongs to it',
  });
}

function notLost({ place }: KeySource): VaultError {
  return new VaultError('usage', `the ${place} opens the vault, so there is nothing to recover`, {
    hint: `to replace this key: ${command('key rotate')}`,
  });
}

/**
 * A keyring of the data keys of a recovery file, under a master key that is made for it and kept nowhere. Wipes them.
 *
 * @throws VaultError `key_wrong` when the vault has data keys from another time
 */
function keyringOf(head: VaultHead, { dataKeys }: Recovery, file: string): Keyring {
  const master = random(KEY_BYTES);
  try {
    const needed = new Map(head.wrappedKeys.map(({ dataKeyId, purpose }) => [dataKeyId, purpose]));
    // Where the vault has lost every row of a purpose, the file's key for it is taken.
    const lost = PURPOSES.filter((purpose) => ![...needed.values()].includes(purpose));
    const usable = dataKeys.filter(
      ({ dataKeyId, purpose }) =>
        needed.get(dataKeyId) === purpose || (lost.includes(purpose) && !needed.has(dataKeyId)),
    );
    if (usable.length < needed.size + lost.length) throw ofAnotherTime(head, dataKeys, file);
    const { vaultId } = head;
    const reference = masterReference(vaultId, 1);
    const checkValue = keyCheckValue(vaultId, reference, master);
    const row: MasterKeyRow = { reference, source: 'recovery', parameters: null, checkValue, createdAt: 0 };
    const wrappedKeys = wrapDataKeys(vaultId, reference, master, usable);
    const keyring = openKeyring({ ...head, wrappedKeys }, row, master);
    // An invalid key in the file fails here, before anything is made with the others.
    wipe(keyring.dataKeys());
    return keyring;
  } finally {
    master.fill(0);
    wipe(dataKeys);
  }
}

/**
 * Two copies of a vault can have different data keys with the same id; only the right ones open the ledger.
 *
 * @throws VaultError `vault_damaged` when the keys do not open the ledger, `vault_newer`
 */
function refuseOtherKeys(keyring: Keyring, ledger: SealedLedger, file: string): void {
  try {
    openLedger(keyring, ledger);
  } catch (failure) {
    if (!isDamage(failure)) throw failure;
    throw new VaultError(
      'vault_damaged',
      `the data keys in ${file} do not open the ledger of this vault: they belong to another copy of it, or the ledger is damaged`,
      {
        hint: `use another recovery file of this vault, or restore the backup that was made together with this file:\n${command('restore FILE')}`,
        cause: failure,
      },
    );
  }
}

function ofAnotherTime(head: VaultHead, dataKeys: readonly DataKey[], file: string): VaultError {
  const newest = (ids: readonly { readonly dataKeyId: number }[]) =>
    Math.max(0, ...ids.map(({ dataKeyId }) => dataKeyId));
  if (newest(dataKeys) > newest(head.wrappedKeys)) {
    return new VaultError(
      'key_wrong',
      `${file} was made after the data keys were replaced, and this copy of the vault was made before`,
      {
        hint: 'use a recovery file that was made before the data keys were replaced, or restore a backup that was made after',
      },
    );
  }
  return new VaultError('key_wrong', `${file} was made before the data keys of this vault were replaced`, {
    hint: 'use a recovery file that was made after the data keys were replaced, or restore a backup that was made before',
  });
}

/**
 * The source for the new key of an import. If it does not work, its errors also suggest a key file: the user who has lost a key
 * may be on a machine that never had that source.
 *
 * @param file the recovery file
 */
export function withFileFallback(source: KeySource, file: string): KeySource {
  if (source.kind === 'file') return source;
  const hint = `or put the new key into a file: ${command(`key import ${inQuotes(file)} file`)}`;
  async function hinted<T>(making: Promise<T>): Promise<T> {
    try {
      return await making;
    } catch (failure) {
      if (!isKeyFailure(failure)) throw failure;
      throw withMoreHints(failure, [hint]);
    }
  }
  switch (source.keys) {
    case 'stored':
      return {
        ...source,
        createBeside: (reference, key) => hinted(source.createBeside(reference, key)),
      };
    case 'derived':
      return { ...source, derive: (reference, replaced) => hinted(source.derive(reference, replaced)) };
    case 'given':
      return { ...source, load: (reference, parameters) => hinted(source.load(reference, parameters)) };
  }
}
