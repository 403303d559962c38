import { ACCOUNT_STATUSES, type Account, type AccountStatus, type Consent } from '../domain/account.js';
import type { SealedAccount } from './contract.js';
import { type ColumnKinds, checkRow, damagedRow } from './sqlite-values.js';

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

/** Ids are UUIDs. One with other characters in it could not be found again, and it is a part of file names. */
const ID = /^[A-Za-z0-9-]{1,64}$/;

export const ACCOUNT_COLUMNS = Object.keys(VISIBLE_KINDS);
export const SEALED_COLUMNS = Object.keys(SEALED_KINDS);

export interface AccountRow {
  readonly id: string;
  readonly provider: string;
  readonly label: string;
  readonly issuer: string;
  readonly subject_digest: string;
  readonly token_endpoint: string;
  readonly client_id: string;
  readonly generation: number;
  readonly status: string;
  readonly reason: string | null;
  readonly asked_scopes: string;
  readonly granted_scopes: string;
  readonly token_type: string;
  readonly issued_at: number;
  readonly expires_at: number | null;
  readonly grant_expires_at: number | null;
  readonly last_refresh_at: number | null;
  readonly last_error: string | null;
  readonly failures: number;
  readonly created_at: number;
  readonly updated_at: number;
  /** 1 or 0. */
  readonly has_refresh_token: number;
}

export interface SealedRow extends AccountRow {
  readonly access_token: Uint8Array | null;
  readonly refresh_token: Uint8Array | null;
  readonly identity: Uint8Array;
}

export interface ConsentRow {
  readonly at: number;
  readonly how: string;
  readonly asked_scopes: string;
  readonly granted_scopes: string;
}

/** @throws VaultError `vault_damaged` */
export function toAccount(row: AccountRow): Account {
  checkRow('accounts', row, VISIBLE_KINDS);
  if (!ID.test(row.id)) throw damagedRow('accounts', 'id');
  return {
    id: row.id,
    provider: row.provider,
    label: row.label,
    issuer: row.issuer,
    subjectDigest: row.subject_digest,
    tokenEndpoint: row.token_endpoint,
    clientId: row.client_id,
    generation: row.generation,
    status: toStatus(row.status),
    reason: row.reason,
    askedScopes: splitScopes(row.asked_scopes),
    grantedScopes: splitScopes(row.granted_scopes),
    tokenType: row.token_type,
    issuedAt: row.issued_at,
    expiresAt: row.expires_at,
    grantExpiresAt: row.grant_expires_at,
    hasRefreshToken: row.has_refresh_token === 1,
    lastRefreshAt: row.last_refresh_at,
    lastError: row.last_error,
    failures: row.failures,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

/** @throws VaultError `vault_damaged` */
export function toSealedAccount(row: SealedRow): SealedAccount {
  checkRow('accounts', row, SEALED_KINDS);
  return {
    ...toAccount(row),
    sealed: { accessToken: row.access_token, refreshToken: row.refresh_token, identity: row.identity },
  };
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

function toStatus(text: string): AccountStatus {
  const known = ACCOUNT_STATUSES.find((status) => status === text);
  if (known === undefined) throw damagedRow('accounts', 'status');
  return known;
}

function splitScopes(text: string): readonly string[] {
  return text === '' ? [] : text.split(' ');
}
