import type { Database } from 'better-sqlite3';
import { INSTALL_CURRENT, VaultError } from '../domain/errors.js';
import { command, fromBackup } from '../domain/hints.js';
import { transaction } from './sqlite-commit.js';
import { APPLICATION_ID, applicationId, SCHEMA_VERSION, schemaVersion } from './sqlite-open.js';

/**
 * Each entry takes the schema one version up; `user_version` counts them. A released entry is never edited.
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
  `
  ALTER TABLE accounts ADD COLUMN id_token_expires_at INTEGER;
  ALTER TABLE accounts ADD COLUMN id_token BLOB;
  `,
  `
  CREATE TABLE registered_clients (
    id TEXT PRIMARY KEY,
    issuer TEXT NOT NULL,
    client_id TEXT NOT NULL,
    client_auth TEXT NOT NULL,
    redirect_uri TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    secret_expires_at INTEGER,
    refused_at INTEGER,
    sealed BLOB NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX registered_clients_by_issuer ON registered_clients (issuer);
  `,
];

/** Call it in a transaction, on an empty database. */
export function createSchema(database: Database): void {
  for (const migration of MIGRATIONS) database.exec(migration);
  database.pragma(`application_id = ${APPLICATION_ID}`);
  database.pragma(`user_version = ${SCHEMA_VERSION}`);
}

/**
 * Migrates an older vault, each step in its own transaction. Refuses other databases, those of a newer program, and a schema that
 * was altered.
 *
 * @throws VaultError `vault_damaged`, `vault_newer`
 */
export function migrate(database: Database, path: string): void {
  // At one moment, because another process may migrate it meanwhile.
  const from = transaction(database, 'BEGIN', () => checkedVersion(database, path));
  for (let next = from; next < SCHEMA_VERSION; next += 1) {
    transaction(database, 'BEGIN IMMEDIATE', () => {
      if (schemaVersion(database) !== next) return;
      database.exec(MIGRATIONS[next] ?? '');
      database.pragma(`user_version = ${next + 1}`);
    });
  }
}

/** @throws VaultError `vault_damaged`, `vault_newer` */
function checkedVersion(database: Database, path: string): number {
  const version = schemaVersion(database);
  if (applicationId(database) !== APPLICATION_ID || version < 1) {
    throw new VaultError('vault_damaged', `${path} is not a token-vault database`, {
      hint: `${fromBackup()}\nor move it away and create a new vault:\n${command('init')}`,
    });
  }
  if (version > SCHEMA_VERSION) {
    throw new VaultError(
      'vault_newer',
      `${path} was written by a newer version of this program (schema ${version})`,
      { hint: INSTALL_CURRENT },
    );
  }
  refuseAltered(database, path, version);
  return version;
}

/**
 * A trigger acts in our own transactions, and a constraint or a unique index can refuse a row: each could keep a rotated refresh token
 * from being stored.
 */
function refuseAltered(database: Database, path: string, version: number): void {
  const altered = alterations(database, version);
  if (altered === null) return;
  throw new VaultError('vault_damaged', `${path} was altered or is damaged: ${altered}`, {
    hint: fromBackup(),
  });
}

type SchemaEntry = readonly [type: string, name: string, table: string, sql: string | null];

const STATEMENT = /^CREATE (?:UNIQUE )?(TABLE|INDEX) (\w+)(?: ON (\w+))?/;
const ADDED_COLUMN = /^ALTER TABLE (\w+) ADD COLUMN (.+)$/;
/** Tables whose primary key has an automatic index, which has no SQL text. */
const KEYED = [
  ...['master_keys', 'keys', 'leftover_keys', 'accounts', 'intents', 'told'],
  'registered_clients',
];
const MOST_NAMED = 3;
/** Created by ANALYZE. They affect only how rows are read. */
const STATISTICS = [
  'CREATE TABLE sqlite_stat1(tbl,idx,stat)',
  'CREATE TABLE sqlite_stat4(tbl,idx,neq,nlt,ndlt,sample)',
];

/**
 * How the schema differs from the migrations, in words; null when it does not. SQLite keeps the text of each statement, so the texts
 * are compared: creating the schema in memory would take 4 ms.
 *
 * @param version the number of migrations applied
 */
export function alterations(database: Database, version: number): string | null {
  const expected = new Map(schemaAsMade(version).map((entry) => [entry[1], entry]));
  const found = database
    .prepare<unknown[], SchemaEntry>('SELECT type, name, tbl_name, sql FROM sqlite_schema')
    .raw()
    .all() as SchemaEntry[];
  const said: string[] = [];
  for (const [type, name, table, sql] of found) {
    const made = expected.get(name);
    expected.delete(name);
    if (made === undefined) {
      if (type !== 'table' || !STATISTICS.includes(sql ?? '')) said.push(`${inWords(type, name)} was added`);
    } else if (type !== made[0] || table !== made[2] || sql !== made[3]) {
      said.push(`${inWords(type, name)} was altered`);
    }
  }
  said.push(...[...expected.values()].map(([type, name]) => `${inWords(type, name)} is missing`));
  const more = said.length - MOST_NAMED;
  return said.length === 0
    ? null
    : `${said.slice(0, MOST_NAMED).join(', ')}${more > 0 ? `, and ${more} more` : ''}`;
}

function schemaAsMade(version: number): readonly SchemaEntry[] {
  const made = new Map<string, SchemaEntry>();
  for (const statement of MIGRATIONS.slice(0, version).flatMap((migration) => migration.split(';'))) {
    const sql = statement.trim();
    const [, altered = '', column] = ADDED_COLUMN.exec(sql) ?? [];
    const before = made.get(altered);
    if (before !== undefined) {
      // SQLite writes a column that is added before the last parenthesis.
      const text = before[3]?.replace(/\) STRICT$/, `, ${column}) STRICT`) ?? null;
      made.set(altered, [before[0], before[1], before[2], text]);
    } else if (sql !== '') {
      const [, type = '', name = '', table = name] = STATEMENT.exec(sql) ?? [];
      made.set(name, [type.toLowerCase(), name, table, sql]);
    }
  }
  const keys = KEYED.filter((table) => made.has(table)).map(
    (table): SchemaEntry => ['index', `sqlite_autoindex_${table}_1`, table, null],
  );
  return [...made.values(), ...keys];
}

/** Names of an altered schema are not trusted. */
function inWords(type: string, name: string): string {
  const kind = ['table', 'index', 'trigger', 'view'].includes(type) ? type : 'entry';
  return /^\w{1,64}$/.test(name) ? `the ${kind} ${name}` : `a ${kind} of an unusual name`;
}
