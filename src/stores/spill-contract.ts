/* Where provider answers are kept that the vault cannot take at once. */

/** A provider's answer that could not be committed, sealed. */
export interface SpilledAnswer {
  /** For what a login brought: an id that no account has, where there is none for it yet. */
  readonly accountId: string;
  /** The generation that the refresh started from; null for what a login brought. */
  readonly generation: number | null;
  readonly sealed: Uint8Array;
}

/** Room for one answer, on disk before the request is sent. */
export interface SpillSlot {
  /** The most bytes that a sealed answer may have. */
  readonly space: number;
  /** On disk when it returns. @throws VaultError `vault_not_writable`, also when it is larger than the space for it */
  write(answer: SpilledAnswer): void;
  release(): void;
}

export interface FoundAnswer extends SpilledAnswer {
  /** The file that it is in; others may be in it as well. */
  readonly path: string;
  /** Forgets the answer, once it is committed or of no use any more. */
  clear(): void;
}

/** Where answers go when the vault cannot take them: a full disk must not cost a rotated refresh token. */
export interface Spill {
  /** @throws VaultError `vault_not_writable`: then nothing must be sent */
  reserve(): SpillSlot;
  /** What earlier processes left for this account. Call it under the account's lock only. */
  find(accountId: string): readonly FoundAnswer[];
  /** What earlier processes left, for accounts that are there and for others. */
  all(): readonly FoundAnswer[];
  close(): void;
}
