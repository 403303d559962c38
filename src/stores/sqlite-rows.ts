import { ACCOUNT_STATUSES, type Account, type AccountStatus, type Consent } from '../domain/account.js';
import { VaultError } from '../domain/errors.js';
import type { SealedAccount } from './contract.js';

/** The visible columns, in the order in which rows are read. */
export const ACCOUNT_COLUMNS = [
  'id',
  'provider',
  'label',
  'issuer',
  'subject_digest',
  'token_endpoint',
  'client_id',
  'generation',
  'status',
  'reason',
  'asked_scopes',
  'granted_scopes',
  'token_type',
  'issued_at',
  'expires_at',
  'grant_expires_at',
  'last_refresh_at',
  'last_error',
  'failures',
  'created_at',
  'updated_at',
] as const;

export const SEALED_COLUMNS = ['access_token', 'refresh_token', 'identity'] as const;

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

function damagedRow(table: string, column: string): VaultError {
  return new VaultError(
    'vault_damaged',
    `the vault is damaged: table ${table}, column ${column} holds what was never written there`,
    {
      hint: 'restore the vault from a backup',
    },
  );
}
