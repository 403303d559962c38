import type { Account, Consent } from '../domain/account.js';
import { VaultError } from '../domain/errors.js';
import type {
  AccountFilter,
  AttemptRecord,
  DataKeyPurpose,
  MasterKeyRow,
  SealedAccount,
  Store,
  VaultHead,
  WrappedKeyRow,
} from './contract.js';
import type { Connection } from './sqlite-connection.js';
import { isTaken } from './sqlite-failure.js';
import {
  ACCOUNT_COLUMNS,
  type AccountRow,
  type ConsentRow,
  SEALED_COLUMNS,
  type SealedRow,
  toAccount,
  toConsent,
  toParameters,
  toSealedAccount,
} from './sqlite-rows.js';

const VISIBLE = `${ACCOUNT_COLUMNS.join(', ')}, refresh_token IS NOT NULL AS has_refresh_token`;
const WHOLE = `${VISIBLE}, ${SEALED_COLUMNS.join(', ')}`;
const WRITTEN = [...ACCOUNT_COLUMNS, ...SEALED_COLUMNS];
const INSERT = `INSERT INTO accounts (${WRITTEN.join(', ')}) VALUES (${WRITTEN.map((column) => `@${column}`).join(', ')})`;
const REPLACE = `UPDATE accounts SET ${WRITTEN.map((column) => `${column} = @${column}`).join(', ')}
  WHERE id = @id AND generation = @expected`;
const ATTEMPT = `UPDATE accounts SET status = @status, reason = @reason, last_error = @lastError, failures = @failures,
  updated_at = @updatedAt WHERE id = @id AND generation = @generation`;
const CONSENT = `INSERT INTO consents (account_id, at, how, asked_scopes, granted_scopes) VALUES (?, ?, ?, ?, ?)`;

/** Sorts after every text that begins with the same prefix. */
const LAST = '\u{10FFFF}';

/** The store over one SQLite connection; see stores/contract. */
export function sqliteStore(connection: Connection): Store {
  const { prepare, read, write } = connection;

  return {
    head: () => read(() => readHead(connection)),

    accounts: (filter = {}) =>
      read((): readonly Account[] => {
        const { where, values } = condition(filter);
        return prepare<AccountRow>(`SELECT ${VISIBLE} FROM accounts ${where} ORDER BY provider, label`)
          .all(...values)
          .map(toAccount);
      }),

    account: (id) =>
      read(() => {
        const row = prepare<SealedRow>(`SELECT ${WHOLE} FROM accounts WHERE id = ?`).get(id);
        return row === undefined ? null : toSealedAccount(row);
      }),

    accountBySubject: (provider, issuer, subjectDigest) =>
      read(() => {
        const row = prepare<SealedRow>(
          `SELECT ${WHOLE} FROM accounts WHERE provider = ? AND issuer = ? AND subject_digest = ?`,
        ).get(provider, issuer, subjectDigest);
        return row === undefined ? null : toSealedAccount(row);
      }),

    insert: (account) =>
      write(() => unlessTaken(() => prepare(INSERT).run(toParameters(account)).changes === 1)),

    replace: (account: SealedAccount, expectedGeneration: number) =>
      write(() =>
        unlessTaken(
          () =>
            prepare(REPLACE).run({ ...toParameters(account), expected: expectedGeneration }).changes === 1,
        ),
      ),

    recordAttempt: (id, generation, attempt: AttemptRecord) =>
      write(() => prepare(ATTEMPT).run({ ...attempt, id, generation }).changes === 1),

    remove: (id) => write(() => prepare('DELETE FROM accounts WHERE id = ?').run(id).changes === 1),

    addConsent: (accountId, consent: Consent) =>
      write(() => {
        const { at, how, askedScopes, grantedScopes } = consent;
        prepare(CONSENT).run(accountId, at, how, askedScopes.join(' '), grantedScopes.join(' '));
      }),

    consents: (accountId) =>
      read(() =>
        prepare<ConsentRow>(
          'SELECT at, how, asked_scopes, granted_scopes FROM consents WHERE account_id = ? ORDER BY at DESC, rowid DESC',
        )
          .all(accountId)
          .map(toConsent),
      ),

    close: async () => connection.close(),
  };
}

function condition(filter: AccountFilter): { where: string; values: string[] } {
  const parts: string[] = [];
  const values: string[] = [];
  if (filter.provider !== undefined) {
    parts.push('provider = ?');
    values.push(filter.provider);
  }
  if (filter.namePrefix !== undefined) {
    const slash = filter.namePrefix.indexOf('/');
    const column = slash < 0 ? 'provider' : 'label';
    const prefix = filter.namePrefix.slice(slash + 1);
    if (slash >= 0) {
      parts.push('provider = ?');
      values.push(filter.namePrefix.slice(0, slash));
    }
    parts.push(`${column} >= ? AND ${column} < ?`);
    values.push(prefix, prefix + LAST);
  }
  return { where: parts.length === 0 ? '' : `WHERE ${parts.join(' AND ')}`, values };
}

function unlessTaken(action: () => boolean): boolean {
  try {
    return action();
  } catch (failure) {
    if (isTaken(failure)) return false;
    throw failure;
  }
}

interface KeyRow {
  readonly data_key_id: number;
  readonly purpose: DataKeyPurpose;
  readonly master_reference: string;
  readonly wrapped: Uint8Array;
  readonly created_at: number;
}

function readHead({ prepare, path }: Connection): VaultHead {
  const vault = prepare<{ vault_id: Uint8Array; created_at: number }>(
    'SELECT vault_id, created_at FROM vault',
  ).get();
  if (vault === undefined) {
    throw new VaultError('vault_damaged', `${path} is damaged: it does not say which vault it is`, {
      hint: 'restore the vault from a backup',
    });
  }
  const masterKeys = prepare<{
    reference: string;
    source: string;
    check_value: Uint8Array;
    created_at: number;
  }>('SELECT reference, source, check_value, created_at FROM master_keys ORDER BY created_at, reference')
    .all()
    .map(
      (row): MasterKeyRow => ({
        reference: row.reference,
        source: row.source,
        checkValue: row.check_value,
        createdAt: row.created_at,
      }),
    );
  const wrappedKeys = prepare<KeyRow>(
    'SELECT data_key_id, purpose, master_reference, wrapped, created_at FROM keys ORDER BY data_key_id',
  )
    .all()
    .map(
      (row): WrappedKeyRow => ({
        dataKeyId: row.data_key_id,
        purpose: row.purpose,
        masterReference: row.master_reference,
        wrapped: row.wrapped,
        createdAt: row.created_at,
      }),
    );
  return { vaultId: vault.vault_id, createdAt: vault.created_at, masterKeys, wrappedKeys };
}
