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
  | 'idTokenExpiresAt'
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
 * the presence of a token was edited; that of the id_token is bound as its expiry. The subject is bound through its keyed digest.
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
    // Without an id_token these are the bytes of a vault from before there were any.
    ...(account.idTokenExpiresAt === null ? [] : [account.idTokenExpiresAt]),
  ]);
}

const PROPERTIES = {
  access_token: 'accessToken',
  refresh_token: 'refreshToken',
  id_token: 'idToken',
} as const;

/** @returns null where the account has no such token @throws VaultError `vault_damaged`, `vault_newer` */
export function openSecret(
  keyring: Keyring,
  account: SealedAccount,
  column: 'access_token' | 'refresh_token' | 'id_token',
): Secret | null {
  const sealed = account.sealed[PROPERTIES[column]];
  if (sealed === null) return null;
  const aad = additionalData(keyring.vaultId, column, account, presence(account.sealed));
  const bytes = keyring.open(column, sealed, aad, accountName(account));
  const secret = new Secret(bytes.toString('utf8'));
  bytes.fill(0);
  return secret;
}
