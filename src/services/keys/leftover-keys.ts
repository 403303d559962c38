import { KEY_BYTES } from '../../crypto/aead.js';
import { random } from '../../crypto/derive.js';
import { type ErrorCode, VaultError } from '../../domain/errors.js';
import type { KeySource, StoringKeySource } from '../../keysources/contract.js';
import type { Store } from '../../stores/contract.js';
import type { Clock } from '../../system/contract.js';
import { nextReference } from '../../vault/master-key.js';
import type { OpenVault } from './key-trail.js';
import type { NewMaster } from './new-master.js';
import { isUsedElsewhere } from './other-copies.js';

/** References that a source holds and no vault here knows of: more of them are no accident. */
const TRIES = 8;
/**
 * How a source fails that has certainly taken nothing. A key that another copy of this vault has put there is that copy's, and
 * no leftover of ours.
 */
const NOTHING_PUT: readonly ErrorCode[] = ['vault_exists', 'keychain_not_installed', 'session_bus_missing'];

/**
 * Takes out of a source what earlier runs were cut off over. What another copy of the vault may have come to need since is
 * only forgotten here.
 *
 * @param kept the reference of the key in use there
 */
export async function tidyLeftovers(vault: OpenVault, source: KeySource, kept: string): Promise<void> {
  const { store } = vault;
  const ours = (await store.leftovers()).filter((each) => each.source === source.kind);
  if (ours.length === 0) return;
  const dropping = source.keys === 'stored' && !(await isUsedElsewhere(vault));
  for (const left of ours) {
    if (dropping) await source.drop(left.reference, kept);
    await store.forgetLeftover(left);
  }
}

/**
 * Makes a new master key beside the one in use; the vault knows its name before the source knows the key.
 *
 * @param known references that are not free
 * @throws VaultError the source's codes
 */
export async function makeBeside(
  { clock }: { readonly clock: Clock },
  store: Store,
  source: StoringKeySource,
  vaultId: Uint8Array,
  known: readonly { readonly reference: string }[],
): Promise<NewMaster> {
  const taken = [...known];
  const master = random(KEY_BYTES);
  for (let tries = 1; ; tries += 1) {
    const reference = nextReference(vaultId, taken);
    await store.noteLeftover({ reference, source: source.kind, since: clock.now() });
    try {
      await source.createBeside(reference, master);
      return { reference, master, parameters: null };
    } catch (failure) {
      const isTaken = failure instanceof VaultError && failure.code === 'vault_exists';
      if (failure instanceof VaultError && NOTHING_PUT.includes(failure.code))
        await store.forgetLeftover({ reference, source: source.kind });
      if (!isTaken || tries === TRIES) {
        master.fill(0);
        throw failure;
      }
      taken.push({ reference });
    }
  }
}
