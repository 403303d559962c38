import { ACCOUNT_STATUSES, type Account, type AccountStatus, type Consent } from '../domain/account.js';
import { FROM_BACKUP, VaultError } from '../domain/errors.js';
import type {
  Intent,
  Notification,
  NotificationEvent,
  NotificationTable,
  SealedAccount,
} from './contract.js';
import type { Connection } from './sqlite-connection.js';

/** What may stand in a column; `?` allows null. */
export type ColumnKind = 'text' | 'text?' | 'integer' | 'integer?' | 'bytes' | 'bytes?';

export type ColumnKinds = Readonly<Record<string, ColumnKind>>;

/**
 * Checks that every column holds what its kind says. STRICT tables see to that when rows are written; a damaged page
 * is read back as anything.
 *
 * @throws VaultError `vault_damaged`
 */
export function checkRow(table: string, row: object, kinds: ColumnKinds): void {
  for (const column in kinds) {
    const value = (row as Readonly<Record<string, unknown>>)[column];
    if (!fits(value, kinds[column])) throw damagedRow(table, column);
  }
}

/** The same for values in the order of their columns. @throws VaultError `vault_damaged` */
export function checkValues(
  table: string,
  columns: readonly string[],
  kinds: readonly ColumnKind[],
  values: readonly unknown[],
): void {
  for (let index = 0; index < kinds.length; index += 1) {
    if (!fits(values[index], kinds[index])) throw damagedRow(table, columns[index] ?? '');
  }
}

function fits(value: unknown, kind: ColumnKind | undefined): boolean {
  switch (kind) {
    case 'text':
      return typeof value === 'string';
    case 'text?':
      return value === null || typeof value === 'string';
    case 'integer':
      return Number.isSafeInteger(value);
    case 'integer?':
      return value === null || Number.isSafeInteger(value);
    case 'bytes':
      return value instanceof Uint8Array;
    default:
      return value === null || value instanceof Uint8Array;
  }
}

export function damagedRow(table: string, column: string): VaultError {
  return new VaultError(
    'vault_damaged',
    `the vault is damaged: table ${table}, column ${column} holds what was never written there`,
    { hint: FROM_BACKUP },
  );
}

/** The visible columns, in the order in which rows are read. */
const VISIBLE_KINDS = {
  id: 'text',
  provider: 'text',
  label: 'text',
  issuer: 'text',
  subject_digest: 'text',
  token_endpoint: 'text',
  client_id: 'text',
  generation: 'integer',
  status: 'text',
  reason: 'text?',
  asked_scopes: 'text',
  granted_scopes: 'text',
  token_type: 'text',
  issued_at: 'integer',
  expires_at: 'integer?',
  grant_expires_at: 'integer?',
  last_refresh_at: 'integer?',
  last_error: 'text?',
  failures: 'integer',
  retry_at: 'integer?',
  created_at: 'integer',
  updated_at: 'integer',
} as const satisfies ColumnKinds;

const SEALED_KINDS = {
  access_token: 'bytes?',
  refresh_token: 'bytes?',
  identity: 'bytes',
} as const satisfies ColumnKinds;

const CONSENT_KINDS = {
  at: 'integer',
  how: 'text',
  asked_scopes: 'text',
  granted_scopes: 'text',
} as const satisfies ColumnKinds;

const INTENT_KINDS = {
  account_id: 'text',
  generation: 'integer',
  token_digest: 'bytes',
  attempt: 'integer',
  at: 'integer',
  pid: 'integer',
} as const satisfies ColumnKinds;

/** Ids are UUIDs. One with other characters in it could not be found again, and it is a part of file names. */
const ID = /^[A-Za-z0-9-]{1,64}$/;

export const ACCOUNT_COLUMNS = Object.keys(VISIBLE_KINDS);
const ACCOUNT_KINDS = Object.values(VISIBLE_KINDS);
export const SEALED_COLUMNS = Object.keys(SEALED_KINDS);
/** Gives rows for {@link toIntent}. */
export const INTENTS = `SELECT ${Object.keys(INTENT_KINDS).join(', ')} FROM intents`;

type AccountValues = readonly [
  id: string,
  provider: string,
  label: string,
  issuer: string,
  subjectDigest: string,
  tokenEndpoint: string,
  clientId: string,
  generation: number,
  status: string,
  reason: string | null,
  askedScopes: string,
  grantedScopes: string,
  tokenType: string,
  issuedAt: number,
  expiresAt: number | null,
  grantExpiresAt: number | null,
  lastRefreshAt: number | null,
  lastError: string | null,
  failures: number,
  retryAt: number | null,
  createdAt: number,
  updatedAt: number,
];

export interface ConsentRow {
  readonly at: number;
  readonly how: string;
  readonly asked_scopes: string;
  readonly granted_scopes: string;
}

export interface IntentRow {
  readonly account_id: string;
  readonly generation: number;
  readonly token_digest: Uint8Array;
  readonly attempt: number;
  readonly at: number;
  readonly pid: number;
}

/**
 * Reads the values of {@link ACCOUNT_COLUMNS}, in their order, and whether there is a refresh token. Arrays and not
 * objects by column, because making those took SQLite's library most of the time of a long list.
 *
 * @throws VaultError `vault_damaged`
 */
export function toAccount(values: readonly unknown[]): Account {
  checkValues('accounts', ACCOUNT_COLUMNS, ACCOUNT_KINDS, values);
  const row = values as AccountValues;
  if (!ID.test(row[0])) throw damagedRow('accounts', 'id');
  return {
    id: row[0],
    provider: row[1],
    label: row[2],
    issuer: row[3],
    subjectDigest: row[4],
    tokenEndpoint: row[5],
    clientId: row[6],
    generation: row[7],
    status: toStatus(row[8]),
    reason: row[9],
    askedScopes: splitScopes(row[10]),
    grantedScopes: splitScopes(row[11]),
    tokenType: row[12],
    issuedAt: row[13],
    expiresAt: row[14],
    grantExpiresAt: row[15],
    lastRefreshAt: row[16],
    lastError: row[17],
    failures: row[18],
    retryAt: row[19],
    createdAt: row[20],
    updatedAt: row[21],
    hasRefreshToken: values[ACCOUNT_COLUMNS.length] === 1,
  };
}

/** The same, followed by the values of {@link SEALED_COLUMNS}. @throws VaultError `vault_damaged` */
export function toSealedAccount(values: readonly unknown[]): SealedAccount {
  const account = toAccount(values);
  const sealed = values.slice(ACCOUNT_COLUMNS.length + 1);
  checkValues('accounts', SEALED_COLUMNS, Object.values(SEALED_KINDS), sealed);
  const [accessToken, refreshToken, identity] = sealed as [Uint8Array | null, Uint8Array | null, Uint8Array];
  return { ...account, sealed: { accessToken, refreshToken, identity } };
}

/** Named parameters for INSERT and UPDATE. */
export function toParameters(account: SealedAccount): Record<string, unknown> {
  return {
    id: account.id,
    provider: account.provider,
    label: account.label,
    issuer: account.issuer,
    subject_digest: account.subjectDigest,
    token_endpoint: account.tokenEndpoint,
    client_id: account.clientId,
    generation: account.generation,
    status: account.status,
    reason: account.reason,
    asked_scopes: account.askedScopes.join(' '),
    granted_scopes: account.grantedScopes.join(' '),
    token_type: account.tokenType,
    issued_at: account.issuedAt,
    expires_at: account.expiresAt,
    grant_expires_at: account.grantExpiresAt,
    last_refresh_at: account.lastRefreshAt,
    last_error: account.lastError,
    failures: account.failures,
    retry_at: account.retryAt,
    created_at: account.createdAt,
    updated_at: account.updatedAt,
    access_token: account.sealed.accessToken,
    refresh_token: account.sealed.refreshToken,
    identity: account.sealed.identity,
  };
}

/** @throws VaultError `vault_damaged` */
export function toConsent(row: ConsentRow): Consent {
  checkRow('consents', row, CONSENT_KINDS);
  if (row.how !== 'browser' && row.how !== 'paste' && row.how !== 'device')
    throw damagedRow('consents', 'how');
  return {
    at: row.at,
    how: row.how,
    askedScopes: splitScopes(row.asked_scopes),
    grantedScopes: splitScopes(row.granted_scopes),
  };
}

/** @throws VaultError `vault_damaged` */
export function toIntent(row: IntentRow): Intent {
  checkRow('intents', row, INTENT_KINDS);
  return {
    accountId: row.account_id,
    generation: row.generation,
    tokenDigest: row.token_digest,
    attempt: row.attempt,
    at: row.at,
    pid: row.pid,
  };
}

function toStatus(text: string): AccountStatus {
  const known = ACCOUNT_STATUSES.find((status) => status === text);
  if (known === undefined) throw damagedRow('accounts', 'status');
  return known;
}

function splitScopes(text: string): readonly string[] {
  return text === '' ? [] : text.split(' ');
}

interface Row {
  readonly account_id: string;
  readonly event: string;
  readonly ends_at: number | null;
  readonly since: number;
  readonly tried_at: number;
  readonly told_at: number | null;
}

const KINDS = {
  account_id: 'text',
  event: 'text',
  ends_at: 'integer?',
  since: 'integer',
  tried_at: 'integer',
  told_at: 'integer?',
} as const satisfies ColumnKinds;

const NOTIFICATION_EVENTS: readonly NotificationEvent[] = ['login_needed', 'grant_ending', 'failing'];
const INSERT = `INSERT INTO told (account_id, event, ends_at, since, tried_at, told_at)
  SELECT id, @event, @endsAt, @since, @triedAt, @notifiedAt FROM accounts WHERE id = @accountId
  ON CONFLICT DO NOTHING`;
const UPDATE = `UPDATE told SET ends_at = @endsAt, since = @since, tried_at = @triedAt, told_at = @notifiedAt
  WHERE account_id = @accountId AND event = @event AND tried_at = @seen`;
const FORGET = 'DELETE FROM told WHERE account_id = @accountId AND event = @event AND tried_at = @triedAt';

/** See stores/told. */
export function sqliteNotifications({ prepare, read, write }: Connection): NotificationTable {
  return {
    all: () =>
      read(() =>
        prepare<Row>(`SELECT ${Object.keys(KINDS).join(', ')} FROM told`)
          .all()
          .map(toRow),
      ),

    put: (row, seen) =>
      write(() => {
        const { changes } = seen === null ? prepare(INSERT).run(row) : prepare(UPDATE).run({ ...row, seen });
        return changes === 1;
      }),

    forget: ({ accountId, event, triedAt }) =>
      write(() => prepare(FORGET).run({ accountId, event, triedAt }).changes === 1),
  };
}

function toRow(row: Row): Notification {
  checkRow('told', row, KINDS);
  const event = NOTIFICATION_EVENTS.find((each) => each === row.event);
  if (event === undefined) throw damagedRow('told', 'event');
  return {
    accountId: row.account_id,
    event,
    endsAt: row.ends_at,
    since: row.since,
    triedAt: row.tried_at,
    notifiedAt: row.told_at,
  };
}
