import type { SealedAccount, SealedFields, WrappedKeyRow } from './contract.js';
import type { LedgerStep, RenewLedger } from './ledger-contract.js';

/** Under which data keys an account's fields are sealed. */
export interface SealedUnder {
  readonly accountId: string;
  /** The first bytes of each sealed field that is there. */
  readonly headers: readonly Uint8Array[];
}

/** The fields of an account sealed under other data keys, and the digests that were made anew with them. */
export interface SealedAnew {
  /** As it was read: one that was changed since is left alone. */
  readonly before: SealedAccount;
  readonly sealed: SealedFields;
  readonly subjectDigest: string;
  /** The digest in the account's intent, if it is of the token that is stored; null: it is not, or there is none. */
  readonly intent: { readonly from: Uint8Array; readonly to: Uint8Array } | null;
}

/** Moves sealed bytes from one data key to the next without being able to read any. */
export interface DataKeyTable {
  /** Adds wrapped data keys together with a ledger that is sealed under them. */
  add(keys: readonly WrappedKeyRow[], make: RenewLedger): Promise<void>;
  /** From the table itself, whatever its indexes say. */
  sealedUnder(): Promise<readonly SealedUnder[]>;
  /**
   * Puts fields that were sealed anew in the place of the old ones, all in one commit. Generations stay as they are: nothing
   * has changed for anybody who is at work with the account.
   *
   * @returns how many; an account that was changed or removed meanwhile is left out
   */
  replace(accounts: readonly SealedAnew[]): Promise<number>;
  /**
   * Takes data keys out, under every master key.
   *
   * @param headers what begins with one of these still needs them
   * @returns false when something does, or when none of them was there
   */
  drop(ids: readonly number[], headers: readonly Uint8Array[], step: LedgerStep): Promise<boolean>;
}
