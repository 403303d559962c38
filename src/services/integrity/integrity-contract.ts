import type { Account } from '../../domain/account.js';
import type { Condition } from '../../vault/guard.js';

export type { Condition };

/** What became of a vault that was taken as it is. */
export interface Acceptance extends Condition {
  /** Whether there was anything to accept. */
  readonly accepted: boolean;
  /** Those whose refresh tokens may be old ones, replaced since or used elsewhere as well. */
  readonly doubtful: readonly Account[];
  /** Those of which something sealed does not open: accepting brings nothing of it back. */
  readonly unreadable: readonly Account[];
}

/** The vault as a whole: whether it is the one that was written here last, with every row. */
export interface IntegrityUseCases {
  /**
   * Adds the rows up and compares the vault with what is known of it outside its database. Changes nothing.
   *
   * @returns null where there is no vault
   * @throws VaultError the key's own codes
   */
  condition(): Promise<Condition | null>;
  /**
   * Takes the vault as it is for right: its rows, and this machine and folder as a place where it belongs.
   *
   * @returns how it was before; null where there is no vault
   * @throws VaultError the key's own codes, `vault_not_writable`
   */
  acceptRollback(): Promise<Acceptance | null>;
}
