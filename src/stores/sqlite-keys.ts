import { HEADER_BYTES } from '../crypto/sealed-box.js';
import type {
  DataKeyTable,
  LeftoverKey,
  MasterKeyRow,
  Resealed,
  SealedFields,
  WrappedKeyRow,
} from './contract.js';
import { isTaken } from './sqlite-code.js';
import type { Connection, Prepare } from './sqlite-connection.js';
import { NO_ROW, recordChange, renewLedger } from './sqlite-ledger.js';
import { DATA_KEYS, MASTER_KEYS } from './sqlite-reads.js';
import { SEALED_FIELDS, table } from './sqlite-rows.js';

const LEFTOVER_KEYS = table<LeftoverKey>('leftover_keys', {
  reference: 'text',
  source: 'text',
  since: 'integer',
});

/** The header of a sealed field names the data key. */
const header = (column: string) => `substr(${column}, 1, ${HEADER_BYTES})`;
const HEADERS = table<SealedFields & { readonly id: string }>(
  'accounts',
  { id: 'text', accessToken: 'bytes?', refreshToken: 'bytes?', identity: 'bytes', idToken: 'bytes?' },
  {
    accessToken: header('access_token'),
    refreshToken: header('refresh_token'),
    identity: header('identity'),
    idToken: header('id_token'),
  },
);
const CLIENT_HEADERS = table<{ readonly id: string; readonly sealed: Uint8Array }>(
  'registered_clients',
  { id: 'text', sealed: 'bytes' },
  { sealed: header('sealed') },
);
const SEALED_UNDER = `SELECT 1 FROM accounts NOT INDEXED
  WHERE ${SEALED_FIELDS.written.map((column) => `${header(column)} = @header`).join(' OR ')}
  UNION ALL SELECT 1 FROM registered_clients NOT INDEXED WHERE ${header('sealed')} = @header LIMIT 1`;
const RESEAL = `UPDATE accounts SET subject_digest = @subjectDigest, access_token = @accessToken,
  refresh_token = @refreshToken, identity = @identity, id_token = @idToken
  WHERE id = @id AND generation = @generation AND access_token IS @oldAccessToken
    AND refresh_token IS @oldRefreshToken AND identity IS @oldIdentity
    AND id_token IS @oldIdToken`;
const RENEW_INTENT = 'UPDATE intents SET token_digest = ? WHERE account_id = ? AND token_digest = ?';

/* The functions below run in the caller's transaction, which is rolled back when one of them throws. */

export function insertMasterKey(
  prepare: Prepare,
  key: MasterKeyRow,
  wrapped: readonly WrappedKeyRow[],
): true {
  prepare(MASTER_KEYS.insert).run(MASTER_KEYS.parameters(key));
  insertDataKeys(prepare, wrapped);
  return true;
}

function insertDataKeys(prepare: Prepare, wrapped: readonly WrappedKeyRow[]): void {
  for (const row of wrapped) prepare(DATA_KEYS.insert).run(DATA_KEYS.parameters(row));
}

export function readLeftovers(connection: Connection): readonly LeftoverKey[] {
  return LEFTOVER_KEYS.all(connection, 'ORDER BY since, reference');
}

export function putLeftover({ prepare }: Connection, key: LeftoverKey): void {
  prepare(LEFTOVER_KEYS.replace).run(LEFTOVER_KEYS.parameters(key));
}

export function deleteLeftover(
  { prepare }: Connection,
  { reference, source }: Pick<LeftoverKey, 'reference' | 'source'>,
): void {
  prepare('DELETE FROM leftover_keys WHERE reference = ? AND source = ?').run(reference, source);
}

/** The last master key stays: without it nothing could be opened any more. @returns whether it was removed */
export function removeMasterKey(
  connection: Connection,
  reference: string,
  left: LeftoverKey | null,
): boolean {
  const others = connection.prepare('SELECT 1 FROM master_keys WHERE reference <> ?').get(reference);
  if (others === undefined || !deleteMasterKey(connection, reference)) return false;
  if (left !== null) putLeftover(connection, left);
  return true;
}

function deleteMasterKey({ prepare }: Connection, reference: string): boolean {
  prepare('DELETE FROM keys WHERE master_reference = ?').run(reference);
  return prepare('DELETE FROM master_keys WHERE reference = ?').run(reference).changes === 1;
}

/** @returns false when one of the dropped keys does not exist */
export function exchangeMasterKey(
  connection: Connection,
  dropped: readonly string[],
  key: MasterKeyRow,
  wrapped: readonly WrappedKeyRow[],
): boolean {
  const rows = dropped.map((reference) => MASTER_KEYS.one(connection, 'WHERE reference = ?', reference));
  if (rows.includes(null)) return false;
  for (const row of rows) {
    if (row !== null)
      putLeftover(connection, { reference: row.reference, source: row.source, since: key.createdAt });
  }
  insertMasterKey(connection.prepare, key, wrapped);
  for (const reference of dropped) deleteMasterKey(connection, reference);
  deleteLeftover(connection, key);
  return true;
}

export function sqliteDataKeys(connection: Connection): DataKeyTable {
  const { prepare, read, write } = connection;
  // SQLite's number changes with every commit, except those of the same connection.
  let own = 0;
  return {
    version: () => read(() => Number(prepare('PRAGMA data_version').pluck().get()) + own),

    add: (keys, make) =>
      write(() => {
        own += 1;
        insertDataKeys(prepare, keys);
        renewLedger(connection, make);
      }),

    sealedUnder: () =>
      read(() => [
        ...HEADERS.all(connection, 'NOT INDEXED').map(({ id, ...headers }) => ({
          id,
          headers: Object.values(headers).filter((each) => each !== null),
        })),
        ...CLIENT_HEADERS.all(connection, 'NOT INDEXED').map(({ id, sealed }) => ({ id, headers: [sealed] })),
      ]),

    replace: (accounts) => write(() => accounts.filter((each) => reseal(connection, each)).length),

    drop: (ids, headers, step) =>
      write(() => {
        own += 1;
        const needed = prepare(SEALED_UNDER);
        if (headers.some((each) => needed.get({ header: each }) !== undefined)) return false;
        const remove = prepare('DELETE FROM keys WHERE data_key_id = ?');
        if (ids.reduce((total, id) => total + remove.run(id).changes, 0) === 0) return false;
        recordChange(connection, step, NO_ROW);
        return true;
      }),
  };
}

function reseal({ prepare }: Connection, { before, sealed, subjectDigest, intent }: Resealed): boolean {
  const { id, generation, sealed: old } = before;
  const parameters = {
    ...sealed,
    id,
    generation,
    subjectDigest,
    oldAccessToken: old.accessToken,
    oldRefreshToken: old.refreshToken,
    oldIdentity: old.identity,
    oldIdToken: old.idToken,
  };
  try {
    if (prepare(RESEAL).run(parameters).changes !== 1) return false;
  } catch (failure) {
    if (isTaken(failure)) return false;
    throw failure;
  }
  if (intent !== null) prepare(RENEW_INTENT).run(intent.to, id, intent.from);
  return true;
}
