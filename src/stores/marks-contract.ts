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
  /** The marks once more, where what is put back together with the first ones does not reach; absent where there is no such place. */
  readonly second?: SecondMarks | undefined;
  /** Tells the database's file from one that has taken its place; left out where nothing tells. */
  readonly birth?: () => Birth | null;
}

/** One that cannot be read or written is none: it adds to the first marks, and nothing waits for it. */
export interface SecondMarks {
  readonly folder: string;
  read(name: string): Uint8Array | null;
  write(name: string, bytes: Uint8Array): void;
}

/** When a file was made. A file that is changed in place keeps it, and a copy has its own. */
export interface Birth {
  /** Nanoseconds since 1970. */
  readonly at: bigint;
  /** False where it may be the time of the last change, which some systems give instead. */
  readonly certain: boolean;
}
