/**
 * A few bytes for each place where a vault is used, kept outside the database: a database that was put back from a copy
 * does not bring them back with it.
 */
export interface Marks {
  /** What tells this place from every other: the machine, and the folder of the database. Not to be shown. */
  readonly where: readonly string[];
  /** The folder they lie in, to be named to a person. */
  readonly folder: string;
  /** @returns null when there is none. @throws VaultError `vault_permissions` */
  read(name: string): Uint8Array | null;
  /** Makes or replaces it; on disk when it returns. @throws VaultError `vault_not_writable`, `vault_permissions` */
  create(name: string, bytes: Uint8Array): void;
  /**
   * Overwrites one that is there, of the same length, and does not wait for the disk: after a power cut it is the old one or
   * the new one.
   *
   * @throws VaultError `vault_not_writable`, `vault_permissions`
   */
  overwrite(name: string, bytes: Uint8Array): void;
}
