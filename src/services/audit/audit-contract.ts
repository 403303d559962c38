import type { RollbackState } from '../../vault/rollback.js';
import type { TrailFault } from '../../vault/verify.js';

export interface AuditRequest {
  /** A name, a provider or the beginning of a name; null: all. */
  readonly selector: string | null;
  /** Only what is younger, in milliseconds; null: whatever its age. */
  readonly since: number | null;
  /** The newest so many. */
  readonly limit: number;
}

/** One event as it is shown. */
export interface AuditEntryView {
  /** Null while it waits for the trail. */
  readonly seq: number | null;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** What the line says, member by member; empty when it is no line of ours. */
  readonly said: Readonly<Record<string, unknown>>;
  /** The account's name today; null for none, or one that is gone. */
  readonly accountName: string | null;
}

export interface AuditVerdict {
  readonly checked: number;
  readonly unproved: number;
  readonly fault: TrailFault | null;
  /** How the vault as a whole stands: what an older copy lacks, its trail lacks too. */
  readonly standing: RollbackState;
}

export interface AuditUseCases {
  /** Newest last. Needs no key. @throws VaultError `account_not_found` */
  auditTrail(request: AuditRequest): Promise<readonly AuditEntryView[]>;
  /** Follows the whole chain; null where there is no vault. @throws VaultError the key's and the vault's own codes */
  verifyAudit(): Promise<AuditVerdict | null>;
}
