import type { Account, Consent } from '../domain/account.js';
import type { NotificationEvent } from '../domain/audit-events.js';
import type { RegisteredClient } from '../domain/registered-client.js';

/** The sealed fields of an account. The store cannot read them. */
export interface SealedFields {
  readonly accessToken: Uint8Array | null;
  readonly refreshToken: Uint8Array | null;
  readonly identity: Uint8Array;
  readonly idToken: Uint8Array | null;
}

export interface SealedAccount extends Account {
  readonly sealed: SealedFields;
}

/** An account's name, and the id to read it by. */
export type AccountRef = Pick<Account, 'id' | 'provider' | 'label'>;

/** The sealed fields of an account by their columns, and the secrets of a client that this program registered. */
export type SealedColumn = 'access_token' | 'refresh_token' | 'identity' | 'id_token' | 'registered_client';

/**
 * Each sealed column has its own data keys, but for two: those of the access token seal the id_token, and those of the refresh
 * token the secrets of registered clients. Others make the digests that find identities, and seal the ledger.
 */
export type DataKeyPurpose =
  | Exclude<SealedColumn, 'id_token' | 'registered_client'>
  | 'subject_digest'
  | 'ledger';

/** A client that this program registered (RFC 7591), with its secrets sealed. */
export interface SealedClient extends RegisteredClient {
  readonly sealed: Uint8Array;
}

/** At most one client at each issuer. */
export interface ClientTable {
  /** In the order of their issuers. */
  all(): Promise<readonly SealedClient[]>;
  /** Replaces the client that is registered at the same issuer. */
  put(client: SealedClient, step: LedgerStep): Promise<boolean>;
  /** Records that the server refused it. Changes nothing sealed. */
  refused(id: string, at: number): Promise<void>;
  /** @returns false when it was already gone */
  remove(id: string, step: LedgerStep): Promise<boolean>;
  /** Stores it resealed under other data keys. @returns false when it was replaced or removed meanwhile */
  reseal(before: SealedClient, sealed: Uint8Array): Promise<boolean>;
}

/** A master key of the vault. The key itself is in a key source. */
export interface MasterKeyRow {
  /** Names the key in its source: `<vault id in hex>/master/<version>`. */
  readonly reference: string;
  readonly source: string;
  /** What a derived source needs to derive the key again, not secret; null for other sources. */
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

/** A key that may be in a source although no row names it: it was being made, or was replaced. */
export interface LeftoverKey {
  readonly reference: string;
  readonly source: string;
  readonly since: number;
}

/** The vault's id and its keys. */
export interface VaultHead {
  /** 16 random bytes. */
  readonly vaultId: Uint8Array;
  readonly createdAt: number;
  readonly masterKeys: readonly MasterKeyRow[];
  readonly wrappedKeys: readonly WrappedKeyRow[];
}

export interface NewVaultHead extends VaultHead {
  readonly ledger: SealedLedger;
  /** The first entries of the trail. */
  readonly entries: readonly TrailEntry[];
}

/** The outcome of an attempt. Nothing sealed is bound to it. */
export interface AttemptRecord {
  readonly status: Account['status'];
  readonly reason: string | null;
  readonly lastError: string | null;
  readonly failures: number;
  readonly retryAt: number | null;
  readonly updatedAt: number;
  /** Whether the outcome is certain: then the intent is settled as well. */
  readonly settled: boolean;
}

/**
 * A refresh intent, written before a refresh token is sent. One that is found later without a running refresh means that the
 * refresh was interrupted and its answer may be lost.
 */
export interface Intent {
  readonly accountId: string;
  readonly generation: number;
  /** Keyed digest of the refresh token. */
  readonly tokenDigest: Uint8Array;
  /** From 1; one more for each attempt with this token after an unsettled one. */
  readonly attempt: number;
  /** The time of the first of these attempts. */
  readonly at: number;
  readonly pid: number;
}

/** What the ledger knows of a stored account. */
export type RowFacts = AccountRef & Pick<Account, 'generation'>;

export interface SealedLedger {
  /** From 1; one more with every change of the rows. */
  readonly epoch: number;
  /** May be sealed only when it is read, which a store does once a commit. */
  readonly sealed: Uint8Array;
}

/** One row before and after a write; null where there is none. */
export interface RowChange {
  readonly before: RowFacts | null;
  readonly after: RowFacts | null;
}

/**
 * Makes the ledger for a change, inside its transaction, so that both are on disk or neither. Of several changes in one
 * transaction, each gets the very object that the one before has made. When it throws, the change is rolled back, and no other
 * change in the same transaction. A repeated transaction calls it again.
 */
export type LedgerStep = (
  ledger: SealedLedger,
  change: RowChange,
  trail: TrailFacts,
  /** All rows, after the change. */
  rows: () => readonly RowFacts[],
) => NextLedger;

/** Makes a ledger for the rows as they are, whatever the ledger before says; called like a {@link LedgerStep}. */
export type RenewLedger = (found: RowSet, trail: TrailFacts) => NextLedger;

/** The ledger after a change, and the trail entries of that change. */
export interface NextLedger extends SealedLedger {
  readonly entries?: readonly TrailEntry[];
  /** Entries with a lower number are deleted. */
  readonly firstKept?: number | null;
}

/** Ids from one to before another, by their bytes; null: to the last. */
export interface IdRange {
  readonly from: string;
  readonly before: string | null;
}

/** Rows and the ledger, at one moment. */
export interface RowSet {
  /** Null when it is missing. */
  readonly ledger: SealedLedger | null;
  readonly rows: readonly RowFacts[];
}

/** An entry of the audit trail. */
export interface TrailEntry {
  /** From 1, without a gap. */
  readonly seq: number;
  readonly at: number;
  /** One JSON object in plain ASCII. */
  readonly body: string;
  /** Unique. */
  readonly origin: string;
  /** Binds the entry to all before it; 32 bytes. */
  readonly mac: Uint8Array;
}

/** What is needed of the existing entries to make the next one. */
export interface TrailFacts {
  /** Whether an entry up to number `last` has this origin. */
  has(origin: string, last: number): boolean;
  /** The highest number of an entry that a trail can reach; 0 when there is none. */
  last(): number;
  /** How many entries have a higher number. */
  beyond(last: number): number;
  mac(seq: number): Uint8Array | null;
}

export interface TrailTable {
  /** Entries with a number above `after`, in order. */
  after(after: number, limit: number): Promise<readonly TrailEntry[]>;
  /** Entries with a number below `before`, newest first. */
  before(before: number, limit: number): Promise<readonly TrailEntry[]>;
  /** How many entries have a number above `last`. */
  beyond(last: number): Promise<number>;
}

/** The first bytes of each sealed field of an account, or of a registered client: they name the data keys. */
export interface SealedUnder {
  readonly id: string;
  readonly headers: readonly Uint8Array[];
}

/** An account that was resealed under other data keys, with new digests. */
export interface Resealed {
  /** The account as it was read; if it has changed since, it is skipped. */
  readonly before: SealedAccount;
  readonly sealed: SealedFields;
  readonly subjectDigest: string;
  /** The digest in the account's intent, if it is of the stored token. */
  readonly intent: { readonly from: Uint8Array; readonly to: Uint8Array } | null;
}

export interface DataKeyTable {
  /** Changes whenever a data key is added or deleted. */
  version(): Promise<number>;
  /** Adds wrapped data keys together with a ledger that is sealed under them. */
  add(keys: readonly WrappedKeyRow[], make: RenewLedger): Promise<void>;
  /** Reads without an index. */
  sealedUnder(): Promise<readonly SealedUnder[]>;
  /**
   * Stores resealed fields in one commit. Generations stay the same: for other processes nothing has changed.
   *
   * @returns how many; accounts that were changed or removed meanwhile are skipped
   */
  replace(accounts: readonly Resealed[]): Promise<number>;
  /**
   * Deletes data keys, under every master key.
   *
   * @param headers a field that begins with one of these still needs them
   * @returns false when something needs them, or when none of them exists
   */
  drop(ids: readonly number[], headers: readonly Uint8Array[], step: LedgerStep): Promise<boolean>;
}

/** An account in such a state, and when it was reported. */
export interface Notification {
  readonly accountId: string;
  readonly event: NotificationEvent;
  /** The reported end of the grant; null for other events. */
  readonly endsAt: number | null;
  /** When the state began, as far as known. */
  readonly since: number;
  /** The last attempt to report it: claims it, so that only one process does. */
  readonly triedAt: number;
  /** The last successful report; null before the first. */
  readonly notifiedAt: number | null;
}

/** Rows are deleted with their account. */
export interface NotificationTable {
  all(): Promise<readonly Notification[]>;
  /**
   * Compare-and-swap: writes the row if its `triedAt` is still the one that was seen.
   *
   * @param seen null for a new row
   * @returns false when another process was faster, or the account is gone
   */
  put(row: Notification, seen: number | null): Promise<boolean>;
  /** The state is over. @returns false when another process has changed the row meanwhile */
  forget(row: Notification): Promise<boolean>;
}

/**
 * The durable store of one vault. It sees sealed bytes, ids, generations and timestamps, never plaintext or keys. Every write is
 * on disk before its promise resolves, whole or not at all; writes keep their order. Failures are VaultErrors: `vault_damaged`,
 * `vault_newer`, `vault_not_writable`, `vault_permissions`, `busy`.
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
   * @param left recorded in the same commit, when the key may still be in its source
   * @returns false when it does not exist, or is the only one
   */
  removeMasterKey(reference: string, left: LeftoverKey | null, step: LedgerStep): Promise<boolean>;
  /**
   * Replaces master keys by another one in one commit, and records the dropped ones as leftovers.
   *
   * @returns false when one to be dropped does not exist, or the new reference is taken
   */
  exchangeMasterKey(
    dropped: readonly string[],
    key: MasterKeyRow,
    wrapped: readonly WrappedKeyRow[],
    step: LedgerStep,
  ): Promise<boolean>;
  /** Oldest first. */
  leftovers(): Promise<readonly LeftoverKey[]>;
  noteLeftover(key: LeftoverKey): Promise<void>;
  forgetLeftover(key: Pick<LeftoverKey, 'reference' | 'source'>): Promise<void>;
  /** All accounts or those of one provider, ordered by provider, then by label, without sealed fields. */
  accounts(provider?: string | null): Promise<readonly Account[]>;
  /**
   * The same in pieces, for `list --json`: each account as its text there where the store can write it, which takes less time
   * and memory. An account that changes meanwhile is read before or after its change.
   */
  accountsAsJson(provider: string | null): AsyncIterable<readonly (Account | string)[]>;
  /** The names that begin with `google`, `google/al` or nothing, in the same order. Reads without an index. */
  namesBeginningWith(prefix: string): Promise<readonly AccountRef[]>;
  account(id: string): Promise<SealedAccount | null>;
  /** @returns null also where a damaged index does not lead to the account */
  accountByName(provider: string, label: string): Promise<SealedAccount | null>;
  accountBySubject(provider: string, issuer: string, subjectDigest: string): Promise<SealedAccount | null>;
  /** @throws VaultError `vault_damaged` when it is missing */
  ledger(): Promise<SealedLedger>;
  /** All rows, read without an index; or those in a range of ids. */
  rowSet(range?: IdRange): Promise<RowSet>;
  /** Replaces the ledger by one for the rows as they are. */
  renewLedger(make: RenewLedger): Promise<void>;
  readonly dataKeys: DataKeyTable;
  /** @returns false when the name or the identity is taken */
  insert(account: SealedAccount, step: LedgerStep): Promise<boolean>;
  /**
   * Compare-and-swap: replaces the account if its generation is still `expectedGeneration`, and settles its intent.
   *
   * @param keepsIntent leaves its intent as it is
   * @param absorbed an account whose tokens it takes over, removed in the same commit if it is still of that generation
   * @returns false when one of them is not, or when the new name is taken
   */
  replace(
    account: SealedAccount,
    expectedGeneration: number,
    step: LedgerStep,
    keepsIntent?: boolean,
    absorbed?: { readonly id: string; readonly generation: number; readonly step: LedgerStep } | null,
  ): Promise<boolean>;
  /** @returns false when the account's generation is not the intent's */
  intend(intent: Intent): Promise<boolean>;
  /**
   * Deletes the intent of a process that did not send after all. One of a repeated attempt stays: the earlier one may have reached
   * the provider.
   */
  withdraw(intent: Pick<Intent, 'accountId' | 'generation' | 'pid'>): Promise<void>;
  /** The unsettled intent of an account; null when the outcome of its last refresh is known. */
  intent(accountId: string): Promise<Intent | null>;
  /** Leaves generation and sealed fields alone. @returns false when the generation has changed */
  recordAttempt(id: string, generation: number, attempt: AttemptRecord, step?: LedgerStep): Promise<boolean>;
  /** @returns false when it was already gone */
  remove(id: string, step: LedgerStep): Promise<boolean>;
  /** Writes a ledger and trail entries without a change of the rows. */
  note(step: LedgerStep): Promise<boolean>;
  readonly trail: TrailTable;
  /** Does nothing when the account is gone. */
  addConsent(accountId: string, consent: Consent): Promise<void>;
  /** Newest first. */
  consents(accountId: string): Promise<readonly Consent[]>;
  readonly notifications: NotificationTable;
  readonly clients: ClientTable;
  /** Commits something that changes nothing. @throws VaultError when nothing can be written */
  probe(): Promise<void>;
  /** Waits for the writes requested so far. */
  close(): Promise<void>;
}

export interface StoreFactory {
  exists(): Promise<boolean>;
  /** @throws VaultError as the store; `vault_damaged` also when there is no vault */
  open(): Promise<Store>;
  /**
   * Completes the database before it gets its name, so that a crash leaves none or a good one. The caller holds the lock `vault`.
   *
   * @param ready called just before the database gets its name
   * @throws VaultError `vault_exists`, and as the store; what `ready` throws
   */
  create(head: NewVaultHead, ready?: () => void): Promise<Store>;
}
