import type { Account } from '../domain/account.js';
import type { TrailEntry, TrailFacts } from './audit-contract.js';

/** What the ledger knows a stored account by. */
export type RowFacts = Pick<Account, 'id' | 'provider' | 'label' | 'generation'>;

/** What the vault knows of all rows together, sealed, and how many changes of them there have been. */
export interface SealedLedger {
  /** From 1; one more with every change of the rows. */
  readonly epoch: number;
  readonly sealed: Uint8Array;
}

/** One row before and after a write; null where there is none. */
export interface RowChange {
  readonly before: RowFacts | null;
  readonly after: RowFacts | null;
}

/**
 * Makes the ledger that goes with a change. It runs inside the transaction of the change, so that both are on disk or
 * neither; when it throws the change is taken back and no other that shares the transaction. A transaction that has to be
 * tried again calls it again.
 */
export type LedgerStep = (ledger: SealedLedger, change: RowChange, trail: TrailFacts) => NextLedger;

/** Makes a ledger for the rows as they are, whatever the one before says; runs as a {@link LedgerStep} does. */
export type RenewLedger = (found: RowSet, trail: TrailFacts) => NextLedger;

/** The ledger after a change, and what comes into the trail with it. */
export interface NextLedger extends SealedLedger {
  readonly entries?: readonly TrailEntry[];
  /** The number of the first entry that is still kept; null when nothing is to be forgotten. */
  readonly firstKept?: number | null;
}

/** Every row and the ledger, as they were at one moment. */
export interface RowSet {
  /** Null when it is gone. */
  readonly ledger: SealedLedger | null;
  readonly rows: readonly RowFacts[];
}
