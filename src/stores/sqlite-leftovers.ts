import type { LeftoverKey, MasterKeyRow, WrappedKeyRow } from './contract.js';
import type { Connection } from './sqlite-connection.js';
import { deleteMasterKey, insertMasterKey } from './sqlite-head.js';
import { type ColumnKinds, checkRow } from './sqlite-values.js';

const KINDS = { reference: 'text', source: 'text', since: 'integer' } as const satisfies ColumnKinds;

/** @throws VaultError `vault_damaged` */
export function readLeftovers({ prepare }: Connection): readonly LeftoverKey[] {
  const rows = prepare<LeftoverKey>(
    'SELECT reference, source, since FROM leftover_keys ORDER BY since, reference',
  ).all();
  return rows.map((row) => {
    checkRow('leftover_keys', row, KINDS);
    return row;
  });
}

/** Call it in a write. */
export function putLeftover({ prepare }: Connection, { reference, source, since }: LeftoverKey): void {
  prepare('INSERT OR REPLACE INTO leftover_keys (reference, source, since) VALUES (?, ?, ?)').run(
    reference,
    source,
    since,
  );
}

/** Call it in a write. */
export function deleteLeftover(
  { prepare }: Connection,
  { reference, source }: Pick<LeftoverKey, 'reference' | 'source'>,
): void {
  prepare('DELETE FROM leftover_keys WHERE reference = ? AND source = ?').run(reference, source);
}

/**
 * Removes a master key, and notes what its source may hold still. Call it in a write.
 *
 * @returns whether it was removed
 */
export function removeMasterKey(
  connection: Connection,
  reference: string,
  left: LeftoverKey | null,
): boolean {
  const removed = deleteMasterKey(connection, reference);
  if (removed && left !== null) putLeftover(connection, left);
  return removed;
}

/**
 * Exchanges master keys. Call it in a write, which is taken back when this throws.
 *
 * @returns false when one of the dropped ones is not there
 */
export function exchangeMasterKey(
  connection: Connection,
  dropped: readonly string[],
  key: MasterKeyRow,
  wrapped: readonly WrappedKeyRow[],
): boolean {
  const { prepare } = connection;
  const source = prepare<{ readonly source: string }>('SELECT source FROM master_keys WHERE reference = ?');
  const rows = dropped.map((reference) => ({ reference, row: source.get(reference) }));
  if (rows.some(({ row }) => row === undefined)) return false;
  for (const { reference, row } of rows) {
    putLeftover(connection, { reference, source: row?.source ?? '', since: key.createdAt });
  }
  insertMasterKey(prepare, key, wrapped);
  for (const reference of dropped) {
    prepare('DELETE FROM keys WHERE master_reference = ?').run(reference);
    prepare('DELETE FROM master_keys WHERE reference = ?').run(reference);
  }
  deleteLeftover(connection, key);
  return true;
}
