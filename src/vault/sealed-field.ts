import { frame } from '../crypto/framing.js';
import { type Account, accountName } from '../domain/account.js';
import { Secret } from '../domain/secret.js';
import type { SealedAccount, SealedColumn } from '../stores/contract.js';
import type { Keyring } from './keyring.js';
import { FORMAT } from './master-key.js';

/** What the sealed fields are bound to. Status and attempts change without resealing. */
export type Bound = Pick<
  Account,
  | 'id'
  | 'provider'
  | 'label'
  | 'issuer'
  | 'tokenEndpoint'
  | 'clientId'
  | 'subjectDigest'
  | 'generation'
  | 'tokenType'
  | 'issuedAt'
  | 'expiresAt'
  | 'grantExpiresAt'
  | 'grantedScopes'
>;

export interface Presence {
  readonly accessToken: boolean;
  readonly refreshToken: boolean;
}

export function presence(fields: {
  readonly accessToken: unknown;
  readonly refreshToken: unknown;
}): Presence {
  return { accessToken: fields.accessToken !== null, refreshToken: fields.refreshToken !== null };
}

/**
 * The additional authenticated data of a sealed field: its position and the visible facts about it. A field does not open after
 * it was moved to another row, column, vault or provider, restored from an older generation, or after an expiry, an endpoint or
 * the presence of a token was edited. The subject is bound through its keyed digest.
 */
export function additionalData(
  vaultId: Uint8Array,
  column: SealedColumn,
  account: Bound,
  present: Presence,
): Buffer {
  return frame([
    FORMAT,
    vaultId,
    'accounts',
    column,
    account.id,
    account.provider,
    account.label,
    account.issuer,
    account.tokenEndpoint,
    account.clientId,
    account.subjectDigest,
    account.generation,
    account.tokenType,
    account.issuedAt,
    account.expiresAt,
    account.grantExpiresAt,
    account.grantedScopes.join(' '),
    present.accessToken ? 1 : 0,
    present.refreshToken ? 1 : 0,
  ]);
}

/** @returns null where the account has no such token @throws VaultError `vault_damaged`, `vault_newer` */
export function openSecret(
  keyring: Keyring,
  account: SealedAccount,
  column: 'access_token' | 'refresh_token',
): Secret | null {
  const sealed = account.sealed[column === 'access_token' ? 'accessToken' : 'refreshToken'];
  if (sealed === null) return null;
  const aad = additionalData(keyring.vaultId, column, account, presence(account.sealed));
  const bytes = keyring.open(column, sealed, aad, accountName(account));
  const secret = new Secret(bytes.toString('utf8'));
  bytes.fill(0);
  return secret;
}
