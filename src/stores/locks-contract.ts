/** Holds an account, or the vault as a whole, against every other process. The kernel frees it when the holder dies. */
export interface Lock {
  /** Does nothing the second time. */
  release(): Promise<void>;
}

export interface Locks {
  /**
   * Waits by polling with jitter, so that signals are still heard.
   *
   * @param name an account's id, or `vault` for what concerns the vault as a whole: making it, its keys, its copies
   * @param patience milliseconds; with 0 it is tried once, with Infinity until the signal is aborted
   * @throws VaultError `busy` when the patience ends first, `vault_permissions`, `vault_not_writable`, `vault_damaged`;
   * the signal's reason when it is or was aborted
   */
  acquire(name: string, patience: number, signal?: AbortSignal): Promise<Lock>;
  /**
   * Whether nobody holds it at this moment. Makes nothing: what never was is free.
   *
   * @throws VaultError as `acquire`, but for `busy`
   */
  isFree(name: string): boolean;
}
