import { KEY_BYTES } from '../../crypto/aead.js';
import { random } from '../../crypto/derive.js';
import { VaultError } from '../../domain/errors.js';
import type { MasterKeyRow, SealedLedger, VaultHead } from '../../stores/contract.js';
import { isDamage } from '../../vault/damage.js';
import { type Keyring, openKeyring } from '../../vault/keyring.js';
import { openLedger } from '../../vault/ledger.js';
import {
  type DataKey,
  keyCheckValue,
  masterReference,
  PURPOSES,
  wrapDataKeys,
} from '../../vault/master-key.js';
import type { Recovery } from '../../vault/recovery-file.js';

/**
 * The data keys of a recovery file as a keyring, under a master key that exists for this purpose and nowhere else.
 *
 * @param file its path, for errors
 * @throws VaultError `key_wrong` when the vault has data keys of another time
 */
export function keyringOf(head: VaultHead, { dataKeys }: Recovery, file: string): Keyring {
  const needed = new Map(head.wrappedKeys.map(({ dataKeyId, purpose }) => [dataKeyId, purpose]));
  // A purpose of which the vault has lost every row gets back what the file has for it.
  const lost = PURPOSES.filter((purpose) => ![...needed.values()].includes(purpose));
  const isUsable = ({ dataKeyId, purpose }: DataKey) =>
    needed.get(dataKeyId) === purpose || (lost.includes(purpose) && !needed.has(dataKeyId));
  const usable = dataKeys.filter(isUsable);
  if (usable.length < needed.size + lost.length) throw ofAnotherTime(head, dataKeys, file);
  const { vaultId } = head;
  const master = random(KEY_BYTES);
  const reference = masterReference(vaultId, 1);
  const row: MasterKeyRow = {
    reference,
    source: 'recovery',
    parameters: null,
    checkValue: keyCheckValue(vaultId, reference, master),
    createdAt: 0,
  };
  try {
    const keyring = openKeyring(
      { ...head, wrappedKeys: wrapDataKeys(vaultId, reference, master, usable) },
      row,
      master,
    );
    // What is no key in the file fails here, before anything is made with the others.
    for (const { key } of keyring.dataKeys()) key.fill(0);
    return keyring;
  } finally {
    master.fill(0);
  }
}

/**
 * Ids of data keys are counted up, so that two copies of a vault can have different keys of the same id.
 *
 * @throws VaultError `vault_damaged` when the keys do not open what the vault knows of itself, `vault_newer`
 */
export function refuseOtherKeys(keyring: Keyring, ledger: SealedLedger, file: string): void {
  try {
    openLedger(keyring, ledger);
  } catch (failure) {
    if (!isDamage(failure)) throw failure;
    throw new VaultError(
      'vault_damaged',
      `the data keys in ${file} do not open the ledger of this vault: they are those of another copy of it, or the ledger was altered or is damaged`,
      {
        hint: `use another recovery file of this vault, or restore the backup that was made together with this one:\nvault restore FILE`,
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
      `${file} was made after the data keys were replaced, and this copy of the vault is from before`,
      { hint: 'use the recovery file of that time, or a backup that was made after the replacement' },
    );
  }
  return new VaultError('key_wrong', `${file} was made before the data keys of this vault were replaced`, {
    hint: 'use the recovery file that was made after that, or a backup from before it',
  });
}
