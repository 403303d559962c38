import type { Account, Consent } from '../domain/account.js';

/** The three sealed fields of an account. The store moves them and cannot read them. */
export interface SealedFields {
  readonly accessToken: Uint8Array | null;
  readonly refreshToken: Uint8Array | null;
  readonly identity: Uint8Array;
}

export interface SealedAccount extends Account {
  readonly sealed: SealedFields;
}

/** The sealed fields of an account, by their columns. */
export type SealedColumn = 'access_token' | 'refresh_token' | 'identity';

/**
 * Each sealed column has data keys of its own; one more makes the digests by which identities are found again, and one
 * seals what is known of all rows together.
 */
export type DataKeyPurpose = SealedColumn | 'subject_digest' | 'ledger';

/** A master key the vault knows of; the key itself lies in a key source. */
export interface MasterKeyRow {
  /** Names the key in its source: `<vault id in hex>/master/<version>`. */
  readonly reference: string;
  readonly source: string;
  /** What a derived source needs besides to make the key again, and is no secret; null for other sources. */
  readonly parameters: string | null;
  /** Tells the right key from a wrong one without opening anything. */
  readonly checkValue: Uint8Array;
  readonly createdAt: number;
}

/** A data key, wrapped by one master key. */
export interface WrappedKeyRow {
  readonly dataKeyId: number;
  readonly purpose: DataKeyPurpose;
  readonly masterReference: string;
  readonly wrapped: Uint8Array;
  readonly createdAt: number;
}

/** A key that a source may hold and no row names: one that was being made, or one that was replaced. */
export interface LeftoverKey {
  readonly reference: string;
  readonly source: string;
  /** Milliseconds since the epoch. */
  readonly since: number;
}

/** What is needed to open anything: who the vault is, and its keys. */
export interface VaultHead {
  /** 16 random bytes. */
  readonly vaultId: Uint8Array;
  readonly createdAt: number;
  readonly masterKeys: readonly MasterKeyRow[];
  readonly wrappedKeys: readonly WrappedKeyRow[];
}

/** What a vault is made of before it has any account. */
export interface NewVaultHead extends VaultHead {
  readonly ledger: SealedLedger;
  /** What the trail begins with. */
  readonly entries: readonly TrailEntry[];
}

export interface AccountFilter {
  readonly provider?: string;
  /** Only names that begin with this text: `google`, `google/al`. */
  readonly namePrefix?: string;
}

/** Facts about a failed or successful attempt, none of them bound to the sealed fields. */
export interface AttemptRecord {
  readonly status: Account['status'];
  readonly reason: string | null;
  readonly lastError: string | null;
  readonly failures: number;
  readonly retryAt: number | null;
  readonly updatedAt: number;
  /** Whether the provider's answer leaves nothing open: then the intent is settled as well. */
  readonly settled: boolean;
}

/**
 * That a refresh token is about to be sent, written down before it is. One that is found later with nobody at work
 * means that a refresh was cut off, and that its answer may be lost.
 */
export interface Intent {
  readonly accountId: string;
  readonly generation: number;
  /** Keyed digest of the refresh token. */
  readonly tokenDigest: Uint8Array;
  /** 1 for the first attempt with this token, one more for each that follows an unsettled one. */
  readonly attempt: number;
  /** When the first of these attempts was begun. */
  readonly at: number;
  readonly pid: number;
}

/**
 * The durable store of one vault. It sees sealed bytes, ids, generations and timestamps, never plaintext or keys.
 * Every write is on disk before its promise resolves, whole or not at all; writes keep their order. Failures are
 * VaultErrors: `vault_damaged`, `vault_newer`, `vault_not_writable`, `vault_permissions`, `busy`.
 */
export interface Store {
  head(): Promise<VaultHead>;
  /**
   * Adds a master key together with the data keys it wraps.
   *
   * @returns false when the reference is taken
   */
  addMasterKey(key: MasterKeyRow, wrapped: readonly WrappedKeyRow[], step: LedgerStep): Promise<boolean>;
  /**
   * Removes a master key and what it wraps.
   *
   * @param left noted in the same commit, where the key's source may hold it still; null: nothing
   * @returns false when there is none of this reference, or no other one
   */
  removeMasterKey(reference: string, left: LeftoverKey | null, step: LedgerStep): Promise<boolean>;
  /**
   * Puts a master key in the place of others in one commit. From then on those are leftovers in their sources, and the new
   * one is none any more.
   *
   * @returns false when one to be dropped is not there, or the new reference is taken
   */
  exchangeMasterKey(
    dropped: readonly string[],
    key: MasterKeyRow,
    wrapped: readonly WrappedKeyRow[],
    step: LedgerStep,
  ): Promise<boolean>;
  /** What sources may still hold, oldest first: written down before a key is made and until one is gone. */
  leftovers(): Promise<readonly LeftoverKey[]>;
  noteLeftover(key: LeftoverKey): Promise<void>;
  forgetLeftover(key: Pick<LeftoverKey, 'reference' | 'source'>): Promise<void>;
  /** Ordered by provider, then by label. Holds no sealed field. */
  accounts(filter?: AccountFilter): Promise<readonly Account[]>;
  account(id: string): Promise<SealedAccount | null>;
  accountBySubject(provider: string, issuer: string, subjectDigest: string): Promise<SealedAccount | null>;
  /** @throws VaultError `vault_damaged` when it is gone */
  ledger(): Promise<SealedLedger>;
  /** From the table itself, whatever its indexes say. */
  rowSet(): Promise<RowSet>;
  /** Replaces the ledger by one for the rows as they are. */
  renewLedger(make: RenewLedger): Promise<void>;
  /** The data keys, and what is sealed under them. */
  readonly dataKeys: DataKeyTable;
  /** @returns false when the name or the identity is taken */
  insert(account: SealedAccount, step: LedgerStep): Promise<boolean>;
  /**
   * Compare-and-swap: replaces the account if its generation is still `expectedGeneration`, and settles its intent.
   *
   * @param keepsIntent leaves its intent as it is
   * @returns false when it is not, or when the new name is taken
   */
  replace(
    account: SealedAccount,
    expectedGeneration: number,
    step: LedgerStep,
    keepsIntent?: boolean,
  ): Promise<boolean>;
  /** @returns false when the account's generation is not the intent's */
  intend(intent: Intent): Promise<boolean>;
  /** The unsettled intent of an account; null when its last refresh ended properly. */
  intent(accountId: string): Promise<Intent | null>;
  /** Leaves generation and sealed fields alone. @returns false when the generation has moved on */
  recordAttempt(id: string, generation: number, attempt: AttemptRecord, step?: LedgerStep): Promise<boolean>;
  /** @returns false when it was gone already */
  remove(id: string, step: LedgerStep): Promise<boolean>;
  /** Writes what a step makes, the ledger and entries of the trail, without a change of the rows. */
  note(step: LedgerStep): Promise<boolean>;
  /** The trail of events. */
  readonly trail: TrailTable;
  /** Goes with the account: of one that is gone nothing is kept. */
  addConsent(accountId: string, consent: Consent): Promise<void>;
  /** Newest first. */
  consents(accountId: string): Promise<readonly Consent[]>;
  /** What the notify command has told of the accounts. */
  readonly notifications: NotificationTable;
  /** Commits something that changes nothing. @throws VaultError when nothing can be written */
  probe(): Promise<void>;
  /** Waits for the writes asked for so far. */
  close(): Promise<void>;
}

/** Creates a vault's database where there is none. */
export interface StoreFactory {
  exists(): Promise<boolean>;
  /** @throws VaultError as the store, `vault_damaged` also when there is no vault */
  open(): Promise<Store>;
  /**
   * Makes the database whole before it gets its name, so that a crash leaves none or a good one. One process at a time:
   * the caller holds the lock `vault`.
   *
   * @param ready called when the database is whole and has no name yet: what has to be there with it is made now
   * @throws VaultError `vault_exists`, and as the store; what `ready` throws
   */
  create(head: NewVaultHead, ready?: () => void): Promise<Store>;
}

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

/** One entry of the trail. The store moves it and can neither make nor check the code that binds it. */
export interface TrailEntry {
  /** From 1, without a gap. */
  readonly seq: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** One JSON object in plain ASCII. */
  readonly body: string;
  /** No two entries have the same. */
  readonly origin: string;
  /** Binds the entry to everything before it. 32 bytes. */
  readonly mac: Uint8Array;
}

/** What has to be known of the entries that are there to make the next one. */
export interface TrailFacts {
  /** Whether a line of this id is among the entries up to a number. */
  has(origin: string, last: number): boolean;
  /** The highest number of an entry; 0 when there is none. One that no trail reaches is nobody's, and is passed over. */
  last(): number;
  /** How many entries have a higher number. */
  beyond(last: number): number;
  /** The code of an entry; null when it is not there. */
  mac(seq: number): Uint8Array | null;
}

/** The table of entries. */
export interface TrailTable {
  /** Up to `limit` entries with a number above `after`, in their order. */
  after(after: number, limit: number): Promise<readonly TrailEntry[]>;
  /** Up to `limit` entries with a number below `before`, the newest first. */
  before(before: number, limit: number): Promise<readonly TrailEntry[]>;
  /** How many entries have a number above `last`. */
  beyond(last: number): Promise<number>;
}

/** What a person is told of an account by the notify command. */
export type NotificationEvent = 'login_needed' | 'grant_ending' | 'failing';

/** That an account came into such a state, and what has been told of it. All times are milliseconds since the epoch. */
export interface Notification {
  readonly accountId: string;
  readonly event: NotificationEvent;
  /** The end of the grant that it was about; null for other events. */
  readonly endsAt: number | null;
  /** When it began, as far as known. */
  readonly since: number;
  /** The last time somebody set out to tell it: no two processes do so at once. */
  readonly triedAt: number;
  /** The last time it was told; null before the first. */
  readonly notifiedAt: number | null;
}

/** A part of the store: what has been told stays known to every process, and goes with the account. */
export interface NotificationTable {
  all(): Promise<readonly Notification[]>;
  /**
   * Compare-and-swap: writes the row if its `triedAt` is still the one that was seen.
   *
   * @param seen null for an event that was not written down yet
   * @returns false when another process was faster, or the account is gone
   */
  put(row: Notification, seen: number | null): Promise<boolean>;
  /** The state is over, and the next one will be told. @returns false when another process has touched it meanwhile */
  forget(row: Notification): Promise<boolean>;
}
