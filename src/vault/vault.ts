import type { Account, Identity } from '../domain/account.js';
import type { AuditEvent } from '../domain/audit-events.js';
import type { ErrorCode } from '../domain/errors.js';
import type { Secret } from '../domain/secret.js';
import type { AttemptRecord, Intent, SealedAccount, Store } from '../stores/contract.js';
import type { RollbackMarks } from '../stores/rollback-marks.js';
import type { Clock } from '../system/contract.js';
import type { DataKeyRotation } from './data-rotation.js';
import type { Condition } from './guard.js';
import type { Keyring } from './keyring.js';
import type { VaultEvents } from './queued-events.js';
import type { RegisteredClients } from './registered-clients.js';
import type { AccountChange, AccountFacts, Contents } from './sealed-account.js';
import type { UnstoredAnswer, UnstoredLogin, WaitingAnswer } from './sealed-spill.js';
import type { TrailReport } from './trail-check.js';

/** Makes the event that goes into the trail with a change, once the account is known. */
export type EventOf = (account: Account) => AuditEvent;

/** What a vault passes on from its store: visible facts. */
type StoreParts = Pick<
  Store,
  | 'accounts'
  | 'accountsAsJson'
  | 'namesBeginningWith'
  | 'account'
  | 'accountByName'
  | 'intent'
  | 'withdraw'
  | 'consents'
  | 'addConsent'
  | 'notifications'
  | 'trail'
>;

/** What `vault token` needs in addition if the token is valid. */
interface StoredToken {
  accessToken(account: SealedAccount): Promise<Secret | null>;
  idToken(account: SealedAccount): Promise<Secret | null>;
  /** Moves this process's events into the trail if they cannot wait or are many. Never rejects. */
  settleDue(): Promise<void>;
  close(): Promise<void>;
}

/**
 * A vault of accounts. Visible facts are read without a key; sealed fields are opened with the keyring, which is loaded from the
 * key source when it is first needed. Everything that opens or seals throws the key's and the vault's own error codes.
 */
export interface Vault extends StoredToken, StoreParts {
  /**
   * Loads the key and writes to the disk, so that a later write is known to work. Warns about a vault that was rolled back or
   * altered, and does not fail because of that.
   */
  rehearse(): Promise<void>;
  identity(account: SealedAccount): Promise<Identity>;
  contents(account: SealedAccount): Promise<Contents>;
  byIdentity(provider: string, issuer: string, subject: string): Promise<SealedAccount | null>;

  /**
   * Makes sure that this vault was the last one written at its path, and that no row is missing or altered.
   *
   * @param id checks only the part of the rows that contains this account; left out: checks all
   * @throws VaultError `vault_rolled_back`, `vault_cloned`, `vault_damaged`: then no refresh token must be sent
   */
  requireCurrent(id?: string): Promise<void>;
  /**
   * Adds up all rows again, before an account is reported missing.
   *
   * @throws VaultError `vault_damaged` when rows are missing, were added, changed or restored from an older copy
   */
  verifyRowSet(): Promise<void>;
  /** Changes nothing. */
  examine(): Promise<Condition>;
  /** Accepts the rows and the place as they are. @returns the condition before */
  acceptAsItIs(event?: (before: Condition) => AuditEvent): Promise<Condition>;

  /**
   * @param event goes into the trail in the same commit, as in all methods below
   * @returns null when the name or the identity is taken
   */
  add(facts: AccountFacts, contents: Contents, event?: EventOf): Promise<SealedAccount | null>;
  /**
   * Compare-and-swap: seals new contents as the next generation, if `current` is still the current one.
   *
   * @param keepsIntent leaves an unsettled refresh unsettled, because the refresh token stays the same
   * @param absorbed another account, whose tokens these are: it is removed in the same commit, so that no token is ever in two accounts
   * @returns null when one of them has changed or is gone, or when a new label or identity is taken
   * @throws RangeError when the contents are of another identity, and the identity of the account is known
   */
  update(
    current: SealedAccount,
    change: AccountChange,
    contents: Contents,
    event?: EventOf,
    keepsIntent?: boolean,
    absorbed?: Account | null,
  ): Promise<SealedAccount | null>;
  /**
   * Records that a refresh token is about to be sent. If it was sent before and the outcome is unknown, the time of the first
   * attempt is kept.
   *
   * @returns the interrupted attempt with the same token, if there was one; `moved_on` when the account has changed
   * @throws VaultError then nothing must be sent
   */
  intend(
    account: SealedAccount,
    refreshToken: Secret,
    at: number,
    pid: number,
  ): Promise<Intent | null | 'moved_on'>;
  /** Seals an answer that could not be committed, for the spill. */
  sealAnswer(account: SealedAccount, answer: UnstoredAnswer): Promise<Uint8Array>;
  /**
   * @param account as it is now
   * @param generation from which the refresh started
   * @returns null when it does not open: damaged, or of another account or generation
   * @throws VaultError `vault_damaged` when it opens and the stored account does not
   */
  openAnswer(account: SealedAccount, generation: number, sealed: Uint8Array): Promise<WaitingAnswer | null>;
  /** Seals a finished login. @param id of the account, or an unused one */
  sealLogin(id: string, login: UnstoredLogin): Promise<Uint8Array>;
  /** @returns null when it does not open */
  openLogin(id: string, sealed: Uint8Array): Promise<UnstoredLogin | null>;
  /** Needs the key only with an event. @returns false when the account has changed meanwhile */
  recordAttempt(account: Account, attempt: AttemptRecord, event?: AuditEvent): Promise<boolean>;
  /** @returns false when it was already gone */
  remove(id: string, event?: AuditEvent): Promise<boolean>;
  readonly rotation: () => Promise<DataKeyRotation>;
  /** The clients that this program registered. */
  readonly clients: () => Promise<RegisteredClients>;
  /** Moves all queued events into the trail. */
  settleEvents(): Promise<void>;
  /** Settles all events, then follows the whole chain. */
  verifyTrail(): Promise<TrailReport>;
}

/** What `vault token` does not need if the token is valid; see `vault-rest.ts`. */
export type VaultRest = Omit<Vault, keyof StoredToken | keyof StoreParts>;

export interface VaultParts {
  readonly store: Store;
  /** Called when the keyring is first needed, and again after its data keys were replaced. */
  readonly unlock: () => Promise<Keyring>;
  readonly marks: () => Promise<RollbackMarks>;
  readonly clock: Clock;
  /** Without it nothing goes into the trail. */
  readonly events?: VaultEvents;
  /** Called when the vault, or an account in it, was altered. */
  readonly alarm?: (code: ErrorCode) => void;
  /** Receives warnings for the user. */
  readonly notice: (line: string, hint?: string) => void;
}
