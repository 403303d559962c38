import { HEADER_BYTES } from '../crypto/sealed-box.js';
import { FROM_BACKUP, VaultError } from '../domain/errors.js';
import type {
  DataKeyPurpose,
  DataKeyTable,
  LeftoverKey,
  MasterKeyRow,
  RenewLedger,
  SealedAnew,
  SealedUnder,
  VaultHead,
  WrappedKeyRow,
} from './contract.js';
import type { Connection } from './sqlite-connection.js';
import { NO_ROW, recordChange, renewLedger } from './sqlite-ledger.js';
import { isTaken } from './sqlite-open.js';
import { type ColumnKinds, checkRow, checkValues, SEALED_COLUMNS } from './sqlite-rows.js';

interface VaultRow {
  readonly vault_id: Uint8Array;
  readonly created_at: number;
}

interface MasterRow {
  readonly reference: string;
  readonly source: string;
  readonly parameters: string | null;
  readonly check_value: Uint8Array;
  readonly created_at: number;
}

interface KeyRow {
  readonly data_key_id: number;
  readonly purpose: DataKeyPurpose;
  readonly master_reference: string;
  readonly wrapped: Uint8Array;
  readonly created_at: number;
}

const VAULT_KINDS = { vault_id: 'bytes', created_at: 'integer' } as const satisfies ColumnKinds;
const MASTER_KINDS = {
  reference: 'text',
  source: 'text',
  parameters: 'text?',
  check_value: 'bytes',
  created_at: 'integer',
} as const satisfies ColumnKinds;
const KEY_KINDS = {
  data_key_id: 'integer',
  purpose: 'text',
  master_reference: 'text',
  wrapped: 'bytes',
  created_at: 'integer',
} as const satisfies ColumnKinds;

/**
 * Reads who the vault is and its keys: master keys oldest first, data keys in the order of their ids.
 *
 * @throws VaultError `vault_damaged`
 */
export function readHead({ prepare, path }: Connection): VaultHead {
  const vault = prepare<VaultRow>(`SELECT ${columns(VAULT_KINDS)} FROM vault`).get();
  if (vault === undefined) {
    throw new VaultError('vault_damaged', `${path} is damaged: it does not say which vault it is`, {
      hint: FROM_BACKUP,
    });
  }
  checkRow('vault', vault, VAULT_KINDS);
  const masters = prepare<MasterRow>(
    `SELECT ${columns(MASTER_KINDS)} FROM master_keys ORDER BY created_at, reference`,
  ).all();
  const keys = prepare<KeyRow>(`SELECT ${columns(KEY_KINDS)} FROM keys ORDER BY data_key_id`).all();
  return {
    vaultId: vault.vault_id,
    createdAt: vault.created_at,
    masterKeys: masters.map((row) => {
      checkRow('master_keys', row, MASTER_KINDS);
      const { reference, source, parameters, check_value: checkValue, created_at: createdAt } = row;
      return { reference, source, parameters, checkValue, createdAt };
    }),
    wrappedKeys: keys.map((row) => {
      checkRow('keys', row, KEY_KINDS);
      const { data_key_id: dataKeyId, master_reference: masterReference, purpose, wrapped } = row;
      return { dataKeyId, purpose, masterReference, wrapped, createdAt: row.created_at };
    }),
  };
}

export type Prepare = (sql: string) => { run(...values: unknown[]): { readonly changes: number } };

/** Writes a master key and what it wraps, in the caller's transaction, which is taken back when this throws. */
export function insertMasterKey(
  prepare: Prepare,
  key: MasterKeyRow,
  wrapped: readonly WrappedKeyRow[],
): true {
  const { reference, source, parameters, checkValue, createdAt } = key;
  prepare(
    'INSERT INTO master_keys (reference, source, parameters, check_value, created_at) VALUES (?, ?, ?, ?, ?)',
  ).run(reference, source, parameters, checkValue, createdAt);
  insertWrappedKeys(prepare, wrapped);
  return true;
}

/** In the caller's transaction. */
export function insertWrappedKeys(prepare: Prepare, wrapped: readonly WrappedKeyRow[]): void {
  const insert = prepare(
    'INSERT INTO keys (data_key_id, master_reference, purpose, wrapped, created_at) VALUES (?, ?, ?, ?, ?)',
  );
  for (const row of wrapped) {
    insert.run(row.dataKeyId, row.masterReference, row.purpose, row.wrapped, row.createdAt);
  }
}

/** The last master key stays: without it everything sealed would be lost. @returns whether it was removed */
export function deleteMasterKey({ prepare }: Connection, reference: string): boolean {
  const others = prepare('SELECT 1 FROM master_keys WHERE reference <> ?').get(reference);
  if (others === undefined) return false;
  prepare('DELETE FROM keys WHERE master_reference = ?').run(reference);
  return prepare('DELETE FROM master_keys WHERE reference = ?').run(reference).changes === 1;
}

function columns(kinds: ColumnKinds): string {
  return Object.keys(kinds).join(', ');
}

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
