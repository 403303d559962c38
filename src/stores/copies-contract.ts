import type { Store } from './contract.js';

/** Whole copies of a vault's database, kept private beside it while they are being made or looked at. */
export interface Copies {
  /**
   * Copies the database as it is at one moment, whoever writes to it meanwhile.
   *
   * @returns the path of the copy; the caller removes it
   * @throws VaultError `vault_damaged`, `vault_not_writable`, `busy`
   */
  snapshot(): Promise<string>;
  /**
   * Looks a copy over and opens it, brought up to this program's schema.
   *
   * @throws VaultError `vault_damaged` when SQLite finds a fault in it or it is no vault, `vault_newer`
   */
  open(path: string): Promise<Store>;
  /**
   * Puts every row of a copy in the place of the rows that are there, in one commit, so that whoever has the database open
   * goes on with what is new.
   *
   * @throws VaultError as the store; then nothing has changed
   */
  takeOver(copy: string): Promise<void>;
  /** Takes away a copy and what SQLite has left beside it. */
  remove(path: string): void;
}
