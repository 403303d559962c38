import { type Account, accountName, type Identity } from '../domain/account.js';
import type { Secret } from '../domain/secret.js';
import type { SealedAccount, SealedColumn, SealedFields } from '../stores/contract.js';
import { unreadableField } from './damage.js';
import type { Keyring } from './keyring.js';
import { additionalData, type Bound, openSecret, presence } from './sealed-field.js';

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
      additionalData(keyring.vaultId, column, account, presence(contents)),
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
    accessToken: openSecret(keyring, account, 'access_token'),
    refreshToken: openSecret(keyring, account, 'refresh_token'),
    identity: openIdentity(keyring, account),
  };
}

/** @throws VaultError `vault_damaged`, `vault_newer` */
export function openIdentity(keyring: Keyring, account: SealedAccount): Identity {
  const bytes = keyring.open(
    'identity',
    account.sealed.identity,
    additionalData(keyring.vaultId, 'identity', account, presence(account.sealed)),
    accountName(account),
  );
  const identity = JSON.parse(bytes.toString('utf8')) as Identity;
  bytes.fill(0);
  if (!keyring.subjectDigests(account.issuer, identity.subject).includes(account.subjectDigest)) {
    throw unreadableField('forged', 'identity', accountName(account));
  }
  return identity;
}
