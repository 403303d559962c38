import { VaultError } from '../domain/errors.js';
import { fromBackup } from '../domain/hints.js';
import type { AccountRef, MasterKeyRow, SealedAccount, VaultHead, WrappedKeyRow } from './contract.js';
import type { Connection } from './sqlite-connection.js';
import { ACCOUNT_REFS, ACCOUNTS, damagedRow, SEALED_FIELDS, table, toSealedAccount } from './sqlite-rows.js';

/** The methods that `vault token` needs if the token is valid. */
export type ReadForToken = 'head' | 'namesBeginningWith' | 'account' | 'accountByName' | 'close';

/** Finds a row by an index, and compares it in the table itself: a damaged index can lead to another row. */
export function findByIndex(
  { prepare }: Connection,
  where: string,
  values: readonly string[],
): SealedAccount | null {
  const row = prepare<unknown[]>(
    `SELECT ${ACCOUNTS.list}, ${SEALED_FIELDS.list} FROM accounts NOT INDEXED
     WHERE rowid = (SELECT rowid FROM accounts WHERE ${where}) AND ${where}`,
  )
    .raw()
    .get(...values, ...values);
  return row === undefined ? null : toSealedAccount(row);
}

/** A damaged index must not hide an account, so one that it does not find is searched for in the table itself. */
export function findOne(
  connection: Connection,
  where: string,
  values: readonly string[],
): SealedAccount | null {
  const found = findByIndex(connection, where, values);
  if (found !== null) return found;
  const hidden = connection.prepare(`SELECT 1 FROM accounts NOT INDEXED WHERE ${where}`).get(...values);
  if (hidden !== undefined) throw damagedRow('accounts', 'id');
  return null;
}

/** Without an index: a damaged one would hide accounts, or show them under other names. */
export const byName = (where: string) => `NOT INDEXED WHERE ${where} ORDER BY provider, label`;

/** Null is every provider. */
export const OF_PROVIDER = 'provider IS coalesce(?, provider)';

/** Sorts after every string with the same prefix. */
const LAST = '\u{10FFFF}';

export function findNames(connection: Connection, prefix: string): readonly AccountRef[] {
  const slash = prefix.indexOf('/');
  if (slash < 0)
    return ACCOUNT_REFS.all(connection, byName('provider >= ? AND provider < ?'), prefix, prefix + LAST);
  const label = prefix.slice(slash + 1);
  const where = byName('provider = ? AND label >= ? AND label < ?');
  return ACCOUNT_REFS.all(connection, where, prefix.slice(0, slash), label, label + LAST);
}

const VAULT = table<Pick<VaultHead, 'vaultId' | 'createdAt'>>('vault', {
  vaultId: 'bytes',
  createdAt: 'integer',
});
export const MASTER_KEYS = table<MasterKeyRow>('master_keys', {
  reference: 'text',
  source: 'text',
  parameters: 'text?',
  checkValue: 'bytes',
  createdAt: 'integer',
});
export const DATA_KEYS = table<WrappedKeyRow>('keys', {
  dataKeyId: 'integer',
  purpose: 'text',
  masterReference: 'text',
  wrapped: 'bytes',
  createdAt: 'integer',
});
/**
 * Reads the vault's id and its keys: master keys oldest first, data keys in the order of their ids.
 *
 * @throws VaultError `vault_damaged`
 */
export function readHead(connection: Connection): VaultHead {
  const vault = VAULT.one(connection, '');
  if (vault === null) {
    throw new VaultError('vault_damaged', `${connection.path} is damaged: the id of the vault is missing`, {
      hint: fromBackup(),
    });
  }
  return {
    ...vault,
    masterKeys: MASTER_KEYS.all(connection, 'ORDER BY created_at, reference'),
    wrappedKeys: DATA_KEYS.all(connection, 'ORDER BY data_key_id'),
  };
}
