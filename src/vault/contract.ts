import type { AuditEvent } from '../audit/events.js';
import type { Account, Consent, Identity } from '../domain/account.js';
import type { Secret } from '../domain/secret.js';
import type { AccountFilter, AttemptRecord, Intent, SealedAccount, TrailTable } from '../stores/contract.js';
import type { Told } from '../stores/told.js';
import type { TrailReport } from './audit-verify.js';
import type { DataKeyRotation } from './data-rotation.js';
import type { Condition } from './guard-contract.js';
import type { Contents } from './sealed-record.js';
import type { UnstoredAnswer, WaitingAnswer } from './unstored-answer.js';
import type { UnstoredLogin } from './unstored-login.js';

/** The visible facts of an account that a caller decides on; the rest the vault fills in. */
export type AccountFacts = Omit<Account, 'id' | 'subjectDigest' | 'generation' | 'hasRefreshToken'>;

/** Makes the event that tells of a change, once the account is known. */
export type EventOf = (account: Account) => AuditEvent;

/** What changes together with the sealed fields. */
export type AccountChange = Partial<
  Omit<Account, 'id' | 'subjectDigest' | 'generation' | 'hasRefreshToken' | 'createdAt'>
>;

/**
 * A vault of accounts: what is visible is read without any key, what is sealed is opened with the keyring, which is
 * fetched from the key source when first needed.
 */
export interface Vault {
  accounts(filter?: AccountFilter): Promise<readonly Account[]>;
  account(id: string): Promise<SealedAccount | null>;
  /** The refresh of an account whose outcome is open; null when the last one ended properly. */
  intent(accountId: string): Promise<Intent | null>;
  consents(accountId: string): Promise<readonly Consent[]>;
  addConsent(accountId: string, consent: Consent): Promise<void>;
  /** What the notify command has told of the accounts. */
  readonly told: Told;

  /**
   * Fetches the key and writes to the disk, so that what cannot be stored shows before anybody goes to any trouble. A vault
   * that was rolled back or altered takes a login all the same, and says what is wrong with it.
   *
   * @throws VaultError the key's and the vault's own codes
   */
  rehearse(): Promise<void>;
  /** @throws VaultError the key's and the vault's own codes, as all that open or seal */
  accessToken(account: SealedAccount): Promise<Secret | null>;
  identity(account: SealedAccount): Promise<Identity>;
  contents(account: SealedAccount): Promise<Contents>;
  byIdentity(provider: string, issuer: string, subject: string): Promise<SealedAccount | null>;

  /**
   * Makes sure that the vault is the one that was written here last, with every row.
   *
   * @throws VaultError `vault_rolled_back`, `vault_cloned`, `vault_damaged`: then no refresh token must be sent
   */
  requireCurrent(): Promise<void>;
  /**
   * Adds all rows up again, to be sure that an account which is not there was never stored, or was removed by this program.
   *
   * @throws VaultError `vault_damaged` when rows are missing, were added, changed or put back from an older copy
   */
  verifyRowSet(): Promise<void>;
  /** How the vault stands as a whole; changes nothing. */
  examine(): Promise<Condition>;
  /** Takes the vault as it is for right, here and from now on. @returns how it was before */
  acceptAsItIs(event?: (before: Condition) => AuditEvent): Promise<Condition>;

  /**
   * @param event comes into the trail with it
   * @returns null when the name or the identity is taken
   */
  add(facts: AccountFacts, contents: Contents, event?: EventOf): Promise<SealedAccount | null>;
  /**
   * Seals new contents as the next generation, if nobody else has done so since `current` was read.
   *
   * @param event comes into the trail with it
   * @param keepsIntent leaves a refresh open of which the outcome is not known, because the refresh token stays the same
   * @returns null when somebody has, when the account is gone, or when a new label is taken
   * @throws RangeError when the contents are another person's: an account stays with its identity
   */
  update(
    current: SealedAccount,
    change: AccountChange,
    contents: Contents,
    event?: EventOf,
    keepsIntent?: boolean,
  ): Promise<SealedAccount | null>;
  /**
   * Writes down that a refresh token is about to be sent. When it was sent before and the outcome of that is open, the time of
   * the first attempt stays.
   *
   * @returns the attempt that was cut off before this one, if there was one with the same token; `moved_on` when somebody
   * has changed the account meanwhile
   * @throws VaultError then nothing must be sent
   */
  intend(
    account: SealedAccount,
    refreshToken: Secret,
    at: number,
    pid: number,
  ): Promise<Intent | null | 'moved_on'>;
  /** Seals an answer that could not be committed, so that it can lie outside the database. */
  sealAnswer(account: SealedAccount, answer: UnstoredAnswer): Promise<Uint8Array>;
  /**
   * @param account as it is now
   * @param generation which the refresh started from
   * @returns null when it does not open: damaged, or not of this account and generation
   * @throws VaultError `vault_damaged` when it opens and what is stored of the account does not
   */
  openAnswer(account: SealedAccount, generation: number, sealed: Uint8Array): Promise<WaitingAnswer | null>;
  /** The same for a finished login. @param id of the account, or one that none has */
  sealLogin(id: string, login: UnstoredLogin): Promise<Uint8Array>;
  /** @returns null when it does not open */
  openLogin(id: string, sealed: Uint8Array): Promise<UnstoredLogin | null>;
  /**
   * Leaves the sealed fields alone.
   *
   * @param event comes into the trail with it, and then it needs the key
   * @returns false when the account has moved on meanwhile
   */
  recordAttempt(account: Account, attempt: AttemptRecord, event?: AuditEvent): Promise<boolean>;
  /** Needs the key, as every change of the rows. @returns false when it was gone already */
  remove(id: string, event?: AuditEvent): Promise<boolean>;
  /** Replaces the data keys, in steps. */
  readonly rotation: () => Promise<DataKeyRotation>;
  /** Entries of the trail; see TrailTable. */
  readonly trail: TrailTable;
  /** Brings everything that waits into the trail. Needs the key. */
  settleEvents(): Promise<void>;
  /** Brings into the trail what this process has left, if that cannot wait or has become long. Does not reject. */
  settleDue(): Promise<void>;
  /** Follows the whole chain, after everything that waits has been brought into it. Needs the key. */
  verifyTrail(): Promise<TrailReport>;
  close(): Promise<void>;
}
