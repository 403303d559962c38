import { equalBytes, random } from '../crypto/derive.js';
import { KEY_BYTES } from '../crypto/sealed-box.js';
import { withMoreHints } from '../domain/error-forms.js';
import { isInterruption, VaultError } from '../domain/errors.js';
import { command } from '../domain/hints.js';
import type { GivenKeySource, KeySource, StoringKeySource } from '../keysources/contract.js';
import { masterVersion } from '../vault/master-key.js';

/* New master keys, in their sources and not yet in the vault. */

export interface NewMaster {
  readonly reference: string;
  /** 32 bytes; the caller wipes it. */
  readonly master: Buffer;
  readonly parameters: string | null;
}

export interface EstablishedMaster extends NewMaster {
  /** Deletes a key that this program made. @returns what the user has to delete; null: nothing */
  undo(): Promise<string | null>;
}

/** Reads a new key back from its source. @throws VaultError when it returns another key */
export type ReadBack = (source: KeySource, made: NewMaster) => Promise<void>;

/** @param source must not have the key in memory, or this proves nothing. @throws VaultError as {@link ReadBack} */
export async function readBackFrom(source: KeySource, made: NewMaster): Promise<void> {
  const key = await source.load(made.reference, made.parameters).catch((failure: unknown) => {
    if (!(failure instanceof VaultError) || isInterruption(failure)) throw failure;
    const { code, message, hint = otherSource(source, made) } = failure;
    throw new VaultError(code, `the new key could not be read back: ${message}`, { hint, cause: failure });
  });
  const isSame = equalBytes(key, made.master);
  key.fill(0);
  if (isSame) return;
  throw new VaultError(
    'key_unavailable',
    `the ${source.place} returned a key other than the one that was stored`,
    {
      hint: otherSource(source, made),
    },
  );
}

/** The first key is that of a vault which is being made. */
function otherSource({ kind }: KeySource, { reference }: NewMaster): string {
  if (kind === 'file') return 'try again with another key file';
  return `use another key source: ${command(masterVersion(reference) > 1 ? 'key add file' : 'init --key-source file')}`;
}

/**
 * Makes a master key in its source, or takes the key that the user has put there, and reads it back before anything is sealed
 * with it. On failure nothing is left behind.
 *
 * @throws VaultError the source's codes
 */
export async function establishMaster(
  source: KeySource,
  reference: string,
  readBack: ReadBack,
): Promise<EstablishedMaster> {
  const made = await makeOrTake(source, reference);
  try {
    await readBack(source, made);
    return made;
  } catch (failure) {
    made.master.fill(0);
    throw await undone(made, failure);
  }
}

/** Deletes a new key. @returns the failure, with what became of the key */
export async function undone(made: EstablishedMaster, failure: unknown): Promise<unknown> {
  const left = await made.undo();
  if (!(failure instanceof VaultError)) return failure;
  if (left !== null) return withMoreHints(failure, [left]);
  const { code, message, hint, details, cause } = failure;
  return new VaultError(code, `${message}; nothing was left behind`, {
    ...(hint !== undefined && { hint }),
    details,
    cause,
  });
}

async function makeOrTake(source: KeySource, reference: string): Promise<EstablishedMaster> {
  const taken = (master: Buffer, parameters: string | null = null): EstablishedMaster => ({
    reference,
    master,
    parameters,
    undo: async () => null,
  });
  if (source.keys === 'given') return taken(await loadGiven(source, reference));
  if (source.keys === 'derived') {
    const { key, parameters } = await source.derive(reference);
    return taken(key, parameters);
  }
  const existing = await loadOrNull(source, reference);
  if (existing !== null) return taken(existing);
  const master = random(KEY_BYTES);
  try {
    await source.create(reference, master);
  } catch (failure) {
    master.fill(0);
    if (!(failure instanceof VaultError) || failure.code !== 'vault_exists') throw failure;
    // Another profile that shares the key file was faster; its key serves as well.
    return taken(await source.load(reference));
  }
  return { ...taken(master), undo: () => discardKey(source, reference) };
}

async function discardKey(source: StoringKeySource, reference: string): Promise<string | null> {
  try {
    // Another profile that shares the key file may use the key already.
    return (await source.remove(reference)) ? null : `the new key stays in the ${source.place}`;
  } catch {
    return `the new key is still in the ${source.place}, under ${reference}`;
  }
}

async function loadGiven(source: GivenKeySource, reference: string): Promise<Buffer> {
  try {
    return await source.load(reference);
  } catch (failure) {
    // A file of the wrong mode exists, so there is no need to say how to make one.
    if (!(failure instanceof VaultError) || failure.code === 'vault_permissions') throw failure;
    throw withMoreHints(failure, [`if there is no key yet: ${source.recipe}`]);
  }
}

/** The key under a reference; null when the source has none. The caller wipes it. @throws VaultError the source's other codes */
export async function loadOrNull(source: StoringKeySource, reference: string): Promise<Buffer | null> {
  try {
    return await source.load(reference);
  } catch (failure) {
    if (failure instanceof VaultError && failure.code === 'key_missing') return null;
    throw failure;
  }
}
