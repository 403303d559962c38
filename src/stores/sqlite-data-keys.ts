import { HEADER_BYTES } from '../crypto/sealed-box.js';
import type { DataKeyTable, RenewLedger, SealedAnew, SealedUnder, WrappedKeyRow } from './contract.js';
import type { Connection } from './sqlite-connection.js';
import { isTaken } from './sqlite-failure.js';
import { insertWrappedKeys } from './sqlite-head.js';
import { NO_ROW, recordChange, renewLedger } from './sqlite-ledger.js';
import { SEALED_COLUMNS } from './sqlite-rows.js';
import { checkValues } from './sqlite-values.js';

/** They say under which data key it is sealed. */
const HEADERS = SEALED_COLUMNS.map((column) => `substr(${column}, 1, ${HEADER_BYTES})`);
const ANY_BEGINS = HEADERS.map((header) => `${header} = @header`).join(' OR ');
const REPLACE = `UPDATE accounts SET subject_digest = @subjectDigest, access_token = @accessToken,
  refresh_token = @refreshToken, identity = @identity
  WHERE id = @id AND generation = @generation AND access_token IS @oldAccessToken
    AND refresh_token IS @oldRefreshToken AND identity IS @oldIdentity`;
const INTENT = 'UPDATE intents SET token_digest = ? WHERE account_id = ? AND token_digest = ?';

/** See {@link DataKeyTable}. */
export function sqliteDataKeys(connection: Connection): DataKeyTable {
  const { prepare, read, write } = connection;
  return {
    add: (keys: readonly WrappedKeyRow[], make: RenewLedger) =>
      write(() => {
        insertWrappedKeys(prepare, keys);
        renewLedger(connection, make);
      }),

    sealedUnder: () =>
      read((): readonly SealedUnder[] =>
        prepare<unknown[]>(`SELECT id, ${HEADERS.join(', ')} FROM accounts NOT INDEXED`)
          .raw()
          .all()
          .map(toSealedUnder),
      ),

    replace: (accounts) => write(() => accounts.filter((each) => replaceOne(connection, each)).length),

    drop: (ids, headers, step) =>
      write(() => {
        const needed = prepare(`SELECT 1 FROM accounts NOT INDEXED WHERE ${ANY_BEGINS} LIMIT 1`);
        if (headers.some((header) => needed.get({ header }) !== undefined)) return false;
        const remove = prepare('DELETE FROM keys WHERE data_key_id = ?');
        if (ids.reduce((total, id) => total + remove.run(id).changes, 0) === 0) return false;
        recordChange(connection, step, NO_ROW);
        return true;
      }),
  };
}

function replaceOne({ prepare }: Connection, { before, sealed, subjectDigest, intent }: SealedAnew): boolean {
  const { id, generation, sealed: old } = before;
  const parameters = {
    ...sealed,
    id,
    generation,
    subjectDigest,
    oldAccessToken: old.accessToken,
    oldRefreshToken: old.refreshToken,
    oldIdentity: old.identity,
  };
  try {
    if (prepare(REPLACE).run(parameters).changes !== 1) return false;
  } catch (failure) {
    if (isTaken(failure)) return false;
    throw failure;
  }
  if (intent !== null) prepare(INTENT).run(intent.to, id, intent.from);
  return true;
}

/** @throws VaultError `vault_damaged` */
function toSealedUnder(values: readonly unknown[]): SealedUnder {
  checkValues('accounts', ['id', ...SEALED_COLUMNS], ['text', 'bytes?', 'bytes?', 'bytes'], values);
  const [accountId, ...headers] = values as [string, ...(Uint8Array | null)[]];
  return { accountId, headers: headers.filter((header) => header !== null) };
}
