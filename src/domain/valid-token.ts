import type { Account } from './account.js';
import type { Secret } from './secret.js';

export interface ValidToken {
  /** With the type and the end of this token. */
  readonly account: Pick<Account, 'provider' | 'label' | 'tokenType' | 'expiresAt' | 'grantedScopes'>;
  readonly accessToken: Secret;
  /** Whether `accessToken` is the id_token, which was asked for. */
  readonly isIdToken?: true;
  /** The account's mailbox; null unless `withIdentity` was set, or when the provider did not report one. */
  readonly email: string | null;
  /** For stderr. */
  readonly warning: string | null;
}
