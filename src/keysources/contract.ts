/**
 * A key source keeps the vault's master key: 32 random bytes under a versioned reference. It is an axis: one
 * file a member, listed in index.ts, every member runs the contract suite.
 */
export const KEY_SOURCE_KINDS = ['keychain', 'file'] as const;
export type KeySourceKind = (typeof KEY_SOURCE_KINDS)[number];

export const MASTER_KEY_BYTES = 32;

export interface KeySource {
  readonly kind: KeySourceKind;
  /** Says in words where the key is, for `init`, `doctor` and errors: `the OS keychain`, `the key file /…/master.key`. */
  readonly place: string;
  /** The absolute path of a source that is a file; null for others. */
  readonly path: string | null;
  /**
   * @param reference the versioned name, for example `3f0c…/master/1`
   * @returns exactly 32 bytes, which the caller wipes after use
   * @throws VaultError `key_missing`, `key_unavailable`, `key_locked`, `key_timed_out`, `key_wrong` (not 32 bytes), and
   * for a file `vault_permissions`
   */
  load(reference: string): Promise<Buffer>;
  /**
   * Stores a new key and never replaces one that is there.
   *
   * @param key 32 bytes
   * @throws VaultError as `load`, `vault_exists` when the source holds a key under this reference already, and for a
   * file `vault_not_writable`
   */
  create(reference: string, key: Buffer): Promise<void>;
}
