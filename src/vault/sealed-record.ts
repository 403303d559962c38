import { frame } from '../crypto/framing.js';
import { type Account, accountName, type Identity } from '../domain/account.js';
import { Secret } from '../domain/secret.js';
import type { SealedAccount, SealedColumn, SealedFields } from '../stores/contract.js';
import { unreadableField } from './damage.js';
import type { Keyring } from './keyring.js';
import { FORMAT } from './master-key.js';

export interface Contents {
  /** Null when the provider's last answer had no usable one. */
  readonly accessToken: Secret | null;
  readonly refreshToken: Secret | null;
  readonly identity: Identity;
}

/** What a caller chooses of a new account. */
export type AccountFacts = Omit<Account, 'id' | 'subjectDigest' | 'generation' | 'hasRefreshToken'>;

/** What may change together with the sealed fields. */
export type AccountChange = Partial<
  Omit<Account, 'id' | 'subjectDigest' | 'generation' | 'hasRefreshToken' | 'createdAt'>
>;

/** What the sealed fields are bound to. Status and attempts change without resealing. */
type Bound = Pick<
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
export function binding(
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

/**
 * Seals under the newest data keys.
 *
 * @throws VaultError `vault_damaged`
 */
export function sealContents(keyring: Keyring, account: Bound, contents: Contents): SealedFields {
  const seal = (column: SealedColumn, text: string) =>
    keyring.seal(
      column,
      Buffer.from(text, 'utf8'),
      binding(keyring.vaultId, column, account, presence(contents)),
    );
  return {
    accessToken: contents.accessToken === null ? null : seal('access_token', contents.accessToken.reveal()),
    refreshToken:
      contents.refreshToken === null ? null : seal('refresh_token', contents.refreshToken.reveal()),
    identity: seal('identity', JSON.stringify(contents.identity)),
  };
}

/** @throws VaultError `vault_damaged`, `vault_newer` */
export function openContents(keyring: Keyring, account: SealedAccount): Contents {
  return {
    accessToken: openAccessToken(keyring, account),
    refreshToken: openSecret(keyring, account, 'refresh_token', account.sealed.refreshToken),
    identity: openIdentity(keyring, account),
  };
}

/** @throws VaultError `vault_damaged`, `vault_newer` */
export function openAccessToken(keyring: Keyring, account: SealedAccount): Secret | null {
  return openSecret(keyring, account, 'access_token', account.sealed.accessToken);
}

/** @throws VaultError `vault_damaged`, `vault_newer` */
export function openIdentity(keyring: Keyring, account: SealedAccount): Identity {
  const bytes = keyring.open(
    'identity',
    account.sealed.identity,
    binding(keyring.vaultId, 'identity', account, presence(account.sealed)),
    accountName(account),
  );
  const identity = JSON.parse(bytes.toString('utf8')) as Identity;
  bytes.fill(0);
  if (!keyring.subjectDigests(account.issuer, identity.subject).includes(account.subjectDigest)) {
    throw unreadableField('forged', 'identity', accountName(account));
  }
  return identity;
}

function openSecret(
  keyring: Keyring,
  account: SealedAccount,
  column: SealedColumn,
  sealed: Uint8Array | null,
): Secret | null {
  if (sealed === null) return null;
  const aad = binding(keyring.vaultId, column, account, presence(account.sealed));
  const bytes = keyring.open(column, sealed, aad, accountName(account));
  const secret = new Secret(bytes.toString('utf8'));
  bytes.fill(0);
  return secret;
}
