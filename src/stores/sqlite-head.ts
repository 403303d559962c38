import { FROM_BACKUP, VaultError } from '../domain/errors.js';
import type { DataKeyPurpose, MasterKeyRow, VaultHead, WrappedKeyRow } from './contract.js';
import type { Connection } from './sqlite-connection.js';
import { type ColumnKinds, checkRow } from './sqlite-values.js';

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
