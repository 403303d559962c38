import type { Condition } from '../vault/guard.js';

export type { Condition };

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
  acceptRollback(): Promise<Condition | null>;
}
