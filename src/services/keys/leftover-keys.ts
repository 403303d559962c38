import { KEY_BYTES } from '../../crypto/aead.js';
import { random } from '../../crypto/derive.js';
import { type ErrorCode, VaultError } from '../../domain/errors.js';
import type { KeySource, StoringKeySource } from '../../keysources/contract.js';
import type { Store } from '../../stores/contract.js';
import type { Clock } from '../../system/contract.js';
import { nextReference } from '../../vault/master-key.js';
import type { OpenVault } from './key-trail.js';
import type { NewMaster } from './new-master.js';
import { whyItStays } from './other-copies.js';

/** How many references are tried until one is free in the source: so many taken ones are no accident. */
const TRIES = 8;
/**
 * Failures after which the source holds no new key of ours. With `vault_exists` it holds one that another copy of this vault has
 * put there, which is no leftover of ours.
 */
const NOTHING_PUT: readonly ErrorCode[] = ['vault_exists', 'keychain_not_installed', 'session_bus_missing'];

/**
 * Takes out of a source the keys that runs which were cut off have left there. Those that somebody else may
 * need stay, and only the notes of them go.
 *
 * @param kept the reference of the key that the vault has there; null when it has none
 */
export async function tidyLeftovers(vault: OpenVault, source: KeySource, kept: string | null): Promise<void> {
  const { store } = vault;
  const ours = (await store.leftovers()).filter((each) => each.source === source.kind);
  for (const left of ours) {
    const goes = source.keys === 'stored' && (await whyItStays(vault, left.reference)) === null;
    if (goes) await source.drop(left.reference, kept);
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
