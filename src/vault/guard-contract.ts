import type { ErrorCode, VaultError } from '../domain/errors.js';
import type { LedgerStep, Marks, RenewLedger, Store } from '../stores/contract.js';
import type { Clock } from '../system/contract.js';
import type { TrailLine } from './audit-chain.js';
import type { TrailEvents } from './audit-queued.js';
import type { RowSetFault } from './damage.js';
import type { Keyring } from './keyring.js';
import type { Standing } from './standing.js';

/** What a vault looks like as a whole, beyond its single accounts. */
export interface Condition {
  readonly standing: Standing;
  /** Null when the rows are exactly those that were stored last. */
  readonly rowSet: RowSetFault | null;
  /** Why the ledger cannot be read, so that nothing is known of the rows; null when it was read. */
  readonly ledger: VaultError | null;
  /** How many changes of the rows there have been; null when the ledger cannot be read. */
  readonly epoch: number | null;
  /** About how much was sealed under its newest data key; null when the ledger cannot be read. */
  readonly sealings: number | null;
  /** What is wrong, each as the error with which a refresh would end; empty for a sound vault. */
  readonly troubles: readonly VaultError[];
}

/** Keeps the ledger, the place's mark and the rows in step, and notices when they are not. */
export interface Guard {
  /**
   * Makes a change of the rows and the ledger in one transaction, then moves the place's mark.
   *
   * @param change tells whether anything was changed
   * @param line what comes into the trail with it; what waits for the trail comes first
   */
  record(change: (step: LedgerStep) => Promise<boolean>, line?: TrailLine | null): Promise<boolean>;
  /** @throws VaultError `vault_rolled_back`, `vault_cloned`, `vault_damaged`: then no refresh token must be sent */
  requireCurrent(): Promise<void>;
  /** @throws VaultError `vault_damaged` when the rows are not exactly those that were stored last */
  requireWhole(): Promise<void>;
  /** Says what is wrong to the person, and goes on. @throws VaultError when the ledger cannot be read */
  warn(found?: (code: ErrorCode) => void): Promise<void>;
  examine(): Promise<Condition>;
  /**
   * Has the ledger sealed under new data keys, in the transaction in which those come into the vault, and only if every row
   * is as it was stored last.
   *
   * @param next a keyring that holds the new keys as well
   * @param change runs `make` in that transaction
   * @throws VaultError as {@link Guard.requireCurrent}: then nothing has changed
   */
  rekey(next: Keyring, change: (make: RenewLedger) => Promise<void>, line: TrailLine | null): Promise<void>;
  /** Takes the rows as they are for right, and this place for one where the vault belongs. @returns how it was before */
  accept(line?: (before: Condition) => TrailLine | null): Promise<Condition>;
}

export interface GuardDeps {
  readonly store: Store;
  readonly keyring: Keyring;
  readonly marks: Marks;
  readonly clock: Clock;
  /** What waits for the trail; nothing where it is left out. */
  readonly events?: TrailEvents;
  /** Told what a person should know though nothing failed. */
  readonly notice: (line: string, hint?: string) => void;
}
