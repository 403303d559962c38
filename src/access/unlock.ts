import { VaultError } from '../domain/errors.js';
import type { KeySource, KeySourceKind } from '../keysources/contract.js';
import type { MasterKeyRow, VaultHead } from '../stores/contract.js';
import { type Keyring, openKeyring } from '../vault/keyring.js';
import { masterVersion } from '../vault/master-key.js';

export interface Unlocked {
  readonly row: MasterKeyRow;
  /** The caller wipes it. */
  readonly master: Buffer;
  readonly keyring: Keyring;
}

/**
 * Opens the key table with the master key from one source. When that fails it tries no other source, and names those that the
 * vault has.
 *
 * @param database its path, for errors
 * @throws VaultError the source's codes; `key_missing` when the vault has no master key in this kind of source; `key_wrong`,
 * `vault_damaged`
 */
export async function unlock(head: VaultHead, source: KeySource, database: string): Promise<Unlocked> {
  const rows = rowsOf(head, source.kind);
  if (rows.length === 0) throw (await import('./open-failure.js')).noKeyIn(source, head, database);
  let first: unknown = null;
  for (const row of rows) {
    try {
      return await openWith(head, row, source);
    } catch (failure) {
      first ??= failure;
      // A key that is being replaced has two rows for a while, and the source one of the two keys.
      if (!(failure instanceof VaultError) || !['key_wrong', 'key_missing'].includes(failure.code)) break;
    }
  }
  throw (await import('./open-failure.js')).withOtherSources(first, head, source.kind);
}

/** The master keys in one kind of source, newest first. */
export function rowsOf({ masterKeys }: VaultHead, kind: KeySourceKind): readonly MasterKeyRow[] {
  const own = masterKeys.filter((row) => row.source === kind);
  return own.sort((a, b) => masterVersion(b.reference) - masterVersion(a.reference));
}

async function openWith(head: VaultHead, row: MasterKeyRow, source: KeySource): Promise<Unlocked> {
  const master = await source.load(row.reference, row.parameters);
  try {
    return { row, master, keyring: openKeyring(head, row, master, source.place) };
  } catch (failure) {
    master.fill(0);
    if (!(failure instanceof VaultError) || failure.code !== 'key_wrong' || source.ifWrong === undefined)
      throw failure;
    throw new VaultError('key_wrong', failure.message, { hint: source.ifWrong });
  }
}
