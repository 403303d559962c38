import type { Account } from './account.js';
import type { VaultError } from './errors.js';

/** What became of one account's refresh. A union, so that no caller can mistake a hiccup for a revocation. */
export type RefreshOutcome =
  | { readonly kind: 'refreshed'; readonly account: Account }
  /** Another process had refreshed it while this one waited for the lock. */
  | { readonly kind: 'adopted'; readonly account: Account }
  /** Only a new login helps. The stored refresh token is kept, unused. */
  | { readonly kind: 'login_needed'; readonly account: Account; readonly error: VaultError }
  /** Nothing changed; it may work later. */
  | { readonly kind: 'transient'; readonly account: Account; readonly error: VaultError }
  /** Configuration or policy; a login will not help. */
  | { readonly kind: 'refused'; readonly account: Account; readonly error: VaultError }
  /**
   * Nothing was sent, because the provider may have replaced the refresh token at an earlier attempt and the stored access
   * token still works.
   */
  | { readonly kind: 'open'; readonly account: Account; readonly error: VaultError }
  /** Another process holds the account. */
  | { readonly kind: 'busy'; readonly account: Account; readonly error: VaultError };
