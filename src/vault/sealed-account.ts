import { type Account, accountName, type Identity } from '../domain/account.js';
import type { Secret } from '../domain/secret.js';
import type { SealedAccount, SealedColumn, SealedFields } from '../stores/contract.js';
import { unreadableField } from './damage.js';
import type { Keyring } from './keyring.js';
import { additionalData, type Bound, openSecret, presence } from './sealed-field.js';

/** An id_token that was checked when it came. */
export interface IdToken {
  readonly token: Secret;
  /** Its claim `exp`, in milliseconds since the epoch. */
  readonly expiresAt: number;
}

export interface Contents {
  /** Null when the provider's last answer had no usable one. */
  readonly accessToken: Secret | null;
  readonly refreshToken: Secret | null;
  readonly identity: Identity;
  /** Null when there is none. */
  readonly idToken: IdToken | null;
}

/** What follows from the sealed fields. */
type Derived = 'hasRefreshToken' | 'idTokenExpiresAt';

export function derivedOf({ refreshToken, idToken }: Contents): Pick<Account, Derived> {
  return { hasRefreshToken: refreshToken !== null, idTokenExpiresAt: idToken?.expiresAt ?? null };
}

/** What a caller chooses of a new account. */
export type AccountFacts = Omit<Account, 'id' | 'subjectDigest' | 'generation' | Derived>;

/** What may change together with the sealed fields. */
export type AccountChange = Partial<
  Omit<Account, 'id' | 'subjectDigest' | 'generation' | 'createdAt' | Derived>
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
    idToken: contents.idToken === null ? null : seal('id_token', contents.idToken.token.reveal()),
  };
}

/** @throws VaultError `vault_damaged`, `vault_newer` */
export function openContents(keyring: Keyring, account: SealedAccount): Contents {
  return {
    accessToken: openSecret(keyring, account, 'access_token'),
    refreshToken: openSecret(keyring, account, 'refresh_token'),
    identity: openIdentity(keyring, account),
    idToken: openIdToken(keyring, account),
  };
}

/** @throws VaultError `vault_damaged`, `vault_newer` */
function openIdToken(keyring: Keyring, account: SealedAccount): IdToken | null {
  const { idTokenExpiresAt: expiresAt } = account;
  const token = openSecret(keyring, account, 'id_token');
  if (token !== null && expiresAt !== null) return { token, expiresAt };
  if (token === null && expiresAt === null) return null;
  throw unreadableField('forged', 'id_token', accountName(account));
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
