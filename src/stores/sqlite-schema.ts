import type { Database } from 'better-sqlite3';
import { FROM_BACKUP, INSTALL_CURRENT, VaultError } from '../domain/errors.js';

/** `tkvt`: marks the file as a vault, for us and for file(1). */
export const APPLICATION_ID = 0x746b7674;

/**
 * Each entry takes the schema one version up; `user_version` says how many were applied. An entry that was
 * released is never edited.
 */
const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE vault (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    vault_id BLOB NOT NULL,
    created_at INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE master_keys (
    reference TEXT PRIMARY KEY,
    source TEXT NOT NULL,
    parameters TEXT,
    check_value BLOB NOT NULL,
    created_at INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE keys (
    data_key_id INTEGER NOT NULL,
    master_reference TEXT NOT NULL REFERENCES master_keys (reference),
    purpose TEXT NOT NULL,
    wrapped BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (data_key_id, master_reference)
  ) STRICT;

  CREATE TABLE leftover_keys (
    reference TEXT NOT NULL,
    source TEXT NOT NULL,
    since INTEGER NOT NULL,
    PRIMARY KEY (reference, source)
  ) STRICT;

  CREATE TABLE ledger (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    epoch INTEGER NOT NULL,
    sealed BLOB NOT NULL
  ) STRICT;

  CREATE TABLE accounts (
    id TEXT PRIMARY KEY,
    provider TEXT NOT NULL,
    label TEXT NOT NULL,
    issuer TEXT NOT NULL,
    subject_digest TEXT NOT NULL,
    token_endpoint TEXT NOT NULL,
    client_id TEXT NOT NULL,
    generation INTEGER NOT NULL,
    status TEXT NOT NULL,
    reason TEXT,
    asked_scopes TEXT NOT NULL,
    granted_scopes TEXT NOT NULL,
    token_type TEXT NOT NULL,
    issued_at INTEGER NOT NULL,
    expires_at INTEGER,
    grant_expires_at INTEGER,
    last_refresh_at INTEGER,
    last_error TEXT,
    failures INTEGER NOT NULL,
    retry_at INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    access_token BLOB,
    refresh_token BLOB,
    identity BLOB NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX accounts_by_name ON accounts (provider, label);
  CREATE UNIQUE INDEX accounts_by_identity ON accounts (provider, issuer, subject_digest);

  CREATE TABLE consents (
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    at INTEGER NOT NULL,
    how TEXT NOT NULL,
    asked_scopes TEXT NOT NULL,
    granted_scopes TEXT NOT NULL
  ) STRICT;
  CREATE INDEX consents_by_account ON consents (account_id, at);

  CREATE TABLE intents (
    account_id TEXT PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    generation INTEGER NOT NULL,
    token_digest BLOB NOT NULL,
    attempt INTEGER NOT NULL,
    at INTEGER NOT NULL,
    pid INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE audit (
    seq INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    body TEXT NOT NULL,
    origin TEXT NOT NULL,
    mac BLOB NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX audit_by_origin ON audit (origin);

  CREATE TABLE told (
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    event TEXT NOT NULL,
    ends_at INTEGER,
    since INTEGER NOT NULL,
    tried_at INTEGER NOT NULL,
    told_at INTEGER,
    PRIMARY KEY (account_id, event)
  ) STRICT;
  `,
];

export const SCHEMA_VERSION = MIGRATIONS.length;

/** Makes the whole schema in an empty database, in the caller's transaction. */
export function createSchema(database: Database): void {
  for (const migration of MIGRATIONS) database.exec(migration);
  database.pragma(`application_id = ${APPLICATION_ID}`);
  database.pragma(`user_version = ${SCHEMA_VERSION}`);
}

/**
 * Brings an older vault up to date, each step in a transaction of its own, and refuses what is not a vault or was
 * written by a newer program.
 *
 * @throws VaultError `vault_damaged`, `vault_newer`
 */
export function migrate(database: Database, path: string): void {
  refuseWhatActs(database, path);
  const version = Number(database.pragma('user_version', { simple: true }));
  if (version === SCHEMA_VERSION && applicationId(database) === APPLICATION_ID) return;
  if (applicationId(database) !== APPLICATION_ID || version < 1) {
    throw new VaultError('vault_damaged', `${path} is not a vault: it lacks the mark every vault carries`, {
      hint: `${FROM_BACKUP}\nor move it away and begin anew:\nvault init`,
    });
  }
  if (version > SCHEMA_VERSION) {
    throw new VaultError(
      'vault_newer',
      `${path} was written by a newer version of this program (schema ${version})`,
      { hint: INSTALL_CURRENT },
    );
  }
  for (let next = version; next < SCHEMA_VERSION; next += 1) {
    database
      .transaction(() => {
        if (Number(database.pragma('user_version', { simple: true })) !== next) return;
        database.exec(MIGRATIONS[next] ?? '');
        database.pragma(`user_version = ${next + 1}`);
      })
      .immediate();
  }
}

/** A trigger acts in our own transactions: it could undo the storing of a refresh token that has just been replaced. */
function refuseWhatActs(database: Database, path: string): void {
  const sql = "SELECT 1 FROM sqlite_schema WHERE type IN ('trigger', 'view')";
  if (database.prepare(sql).get() === undefined) return;
  throw new VaultError(
    'vault_damaged',
    `${path} was altered: it has a trigger or a view, and no vault has one`,
    {
      hint: FROM_BACKUP,
    },
  );
}

function applicationId(database: Database): number {
  return Number(database.pragma('application_id', { simple: true }));
}
