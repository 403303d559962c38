import { equalBytes } from '../crypto/derive.js';
import {
  KEY_BYTES,
  OpenFailure,
  type OpenFailureKind,
  open,
  seal,
  sealedKeyId,
} from '../crypto/sealed-box.js';
import type { VaultError } from '../domain/errors.js';
import type {
  DataKeyPurpose,
  MasterKeyRow,
  SealedColumn,
  Store,
  VaultHead,
  WrappedKeyRow,
} from '../stores/contract.js';
import { unreadableField, unreadableKey, unreadableLedger } from './damage.js';
import { wrapDataKeys } from './data-keys.js';
import { type OwnKeys, rowDigest, subjectDigests, tokenDigests, wrongMaster } from './keyring-rest.js';
import { type DataKey, keyCheckValue, keyEncryptionKey, wrapBinding } from './master-key.js';

/** Makes the error for sealed bytes that do not open. */
type Explain = (kind: OpenFailureKind) => VaultError;

/** The version of the ledger; nothing else that is sealed has a second version. */
const LEDGER_VERSION = 2;

function explained<T>(explain: Explain, action: () => T): T {
  try {
    return action();
  } catch (failure) {
    throw failure instanceof OpenFailure ? explain(failure.kind) : failure;
  }
}

/*
 * The key hierarchy. A master key of 32 bytes is kept in a key source. HKDF-SHA256 derives from it, with the vault id as salt, a
 * key-encryption key and a key for the check value. The key-encryption key wraps random data keys: one each for access tokens
 * and id_tokens, for refresh tokens and for identity data, one for the digests that find identities, and one for the ledger. So a new master key
 * re-wraps five small rows, and several master keys can wrap the same data keys.
 */

export interface Keyring {
  readonly vaultId: Uint8Array;
  /** The master key that wraps the data keys. */
  readonly reference: string;
  /** Whether the data keys are those of this head; a copy of the vault may have others under the same ids. */
  isOf(head: VaultHead): boolean;
  /** @throws VaultError `vault_damaged` or `vault_newer` when the data key does not unwrap, as all here */
  seal(column: SealedColumn, plaintext: Uint8Array, aad: Uint8Array): Buffer;
  /**
   * @param owner the name of the account the field belongs to, for the error
   * @throws VaultError `vault_damaged`, `vault_newer`
   */
  open(column: SealedColumn, sealed: Uint8Array, aad: Uint8Array, owner: string): Buffer;
  /**
   * Keyed digests that find an identity without revealing it, 64 lower-case hex digits each. The first is the one to store, the
   * others are by data keys that are being replaced.
   */
  subjectDigests(issuer: string, subject: string): readonly [string, ...string[]];
  /** Keyed digests that identify a refresh token, 32 bytes each, in the same order. */
  tokenDigests(refreshToken: string): readonly [Buffer, ...Buffer[]];
  /** For the ledger, the rollback marks, and the proofs of queued events. */
  readonly ledger: LedgerKeys;
  /**
   * The same data keys, wrapped by another master key.
   *
   * @param master 32 bytes; the caller wipes it
   */
  wrapFor(reference: string, master: Uint8Array): readonly WrappedKeyRow[];
  /** The data keys in plaintext, for a recovery file. The caller wipes them. */
  dataKeys(): readonly DataKey[];
  /** Overwrites every key, and drops the derived ones. The keyring cannot be used afterwards. */
  wipe(): void;
}

export interface LedgerKeys {
  /** @throws VaultError `vault_damaged`, `vault_newer`, as all here */
  seal(plaintext: Uint8Array, aad: Uint8Array): Buffer;
  open(sealed: Uint8Array, aad: Uint8Array): Buffer;
  /** Whether its data key is in this keyring. */
  knows(sealed: Uint8Array): boolean;
  /** Whether its data key is older than the newest one. */
  predates(sealed: Uint8Array): boolean;
  /** Seals a ledger. @param version of its format: an earlier program knows the first only */
  sealLedger(plaintext: Uint8Array, aad: Uint8Array, version: 1 | 2): Buffer;
  /**
   * Opens a ledger, under the newest data key only: it is resealed in the commit that adds new data keys, so one that is sealed
   * under an older key is from an older copy.
   */
  openLedger(sealed: Uint8Array, aad: Uint8Array): Buffer;
  /** A keyed digest of a row, 32 bytes. */
  rowDigest(facts: Uint8Array): Buffer;
}

/**
 * Checks the master key against the vault. Data keys are unwrapped when first needed.
 *
 * @param master 32 bytes; the caller wipes it
 * @param place for the error, for example `key file /…/master.key`
 * @throws VaultError `key_wrong` when the key belongs to another vault, `vault_damaged` when the vault's key table was altered
 */
export function openKeyring(
  head: VaultHead,
  masterKey: MasterKeyRow,
  master: Uint8Array,
  place: string = masterKey.source,
): Keyring {
  const { vaultId } = head;
  const { reference } = masterKey;
  const encryptionKey = keyEncryptionKey(vaultId, master);
  const keys = new Map<number, Buffer>();
  const made: OwnKeys['made'] = new Map();

  function unwrap(row: WrappedKeyRow): Buffer {
    const known = keys.get(row.dataKeyId);
    if (known !== undefined) return known;
    const aad = wrapBinding(vaultId, reference, row.dataKeyId, row.purpose);
    const explain = (kind: OpenFailureKind) => unreadableKey(kind, row.purpose);
    const key = explained(explain, () => open(encryptionKey, row.wrapped, aad));
    if (key.length !== KEY_BYTES) throw explain('malformed');
    keys.set(row.dataKeyId, key);
    return key;
  }

  function rowsFor(purpose: DataKeyPurpose): readonly WrappedKeyRow[] {
    return head.wrappedKeys.filter((row) => row.purpose === purpose && row.masterReference === reference);
  }

  function newest(purpose: DataKeyPurpose): WrappedKeyRow {
    const row = rowsFor(purpose).at(-1);
    if (row === undefined) throw unreadableKey('malformed', purpose);
    return row;
  }

  const own: OwnKeys = { vaultId, rowsFor, newest, unwrap, made };

  /** The keys of a vault from before there were these columns, and those in its recovery files, stay the same. */
  const purposeOf = (column: SealedColumn) =>
    column === 'id_token' ? 'access_token' : column === 'registered_client' ? 'refresh_token' : column;

  function sealNewest(purpose: DataKeyPurpose, plaintext: Uint8Array, aad: Uint8Array, version = 1): Buffer {
    const row = newest(purpose);
    return seal(unwrap(row), row.dataKeyId, plaintext, aad, version);
  }

  function openSealed(
    rows: readonly WrappedKeyRow[],
    sealed: Uint8Array,
    aad: Uint8Array,
    explain: Explain,
    newestVersion = 1,
  ): Buffer {
    return explained(explain, () => {
      const id = sealedKeyId(sealed, newestVersion);
      const row = rows.find((candidate) => candidate.dataKeyId === id);
      if (row === undefined) throw new OpenFailure('forged');
      return open(unwrap(row), sealed, aad, newestVersion);
    });
  }

  function checkMaster(): void {
    if (equalBytes(keyCheckValue(vaultId, reference, master), masterKey.checkValue)) return;
    throw wrongMaster(own, reference, place);
  }

  function ownKeys(): readonly DataKey[] {
    return ownRows(head, reference).map((row) => {
      const { dataKeyId, purpose, createdAt } = row;
      return { dataKeyId, purpose, createdAt, key: unwrap(row) };
    });
  }

  function wipe(): void {
    encryptionKey.fill(0);
    made.clear();
    for (const key of keys.values()) key.fill(0);
    keys.clear();
  }

  try {
    checkMaster();
  } catch (failure) {
    wipe();
    throw failure;
  }

  return {
    vaultId,
    reference,
    isOf: (other) => sameRows(ownRows(head, reference), ownRows(other, reference)),
    seal: (column, plaintext, aad) => sealNewest(purposeOf(column), plaintext, aad),
    open: (column, sealed, aad, owner) =>
      openSealed(rowsFor(purposeOf(column)), sealed, aad, (kind) => unreadableField(kind, column, owner)),
    ledger: {
      seal: (plaintext, aad) => sealNewest('ledger', plaintext, aad),
      open: (sealed, aad) => openSealed(rowsFor('ledger'), sealed, aad, unreadableLedger),
      knows: (sealed) => {
        const id = explained(unreadableLedger, () => sealedKeyId(sealed));
        return rowsFor('ledger').some(({ dataKeyId }) => dataKeyId === id);
      },
      predates: (sealed) =>
        explained(unreadableLedger, () => sealedKeyId(sealed)) < newest('ledger').dataKeyId,
      sealLedger: (plaintext, aad, version) => sealNewest('ledger', plaintext, aad, version),
      openLedger: (sealed, aad) =>
        openSealed([newest('ledger')], sealed, aad, unreadableLedger, LEDGER_VERSION),
      rowDigest: (facts) => rowDigest(own, facts),
    },
    subjectDigests: (issuer, subject) => subjectDigests(own, issuer, subject),
    tokenDigests: (refreshToken) => tokenDigests(own, refreshToken),
    wrapFor: (other, otherMaster) => wrapDataKeys(vaultId, other, otherMaster, ownKeys()),
    dataKeys: () => ownKeys().map((row) => ({ ...row, key: Buffer.from(row.key) })),
    wipe,
  };
}

/** Whether another process has replaced the data keys. */
export async function isKeyringStale(store: Pick<Store, 'head'>, keyring: Keyring): Promise<boolean> {
  return !keyring.isOf(await store.head());
}

function ownRows({ wrappedKeys }: VaultHead, reference: string): readonly WrappedKeyRow[] {
  return wrappedKeys.filter((row) => row.masterReference === reference);
}

function sameRows(some: readonly WrappedKeyRow[], others: readonly WrappedKeyRow[]): boolean {
  return (
    some.length === others.length &&
    some.every(({ dataKeyId, wrapped }, index) => {
      const other = others[index];
      return dataKeyId === other?.dataKeyId && equalBytes(wrapped, other.wrapped);
    })
  );
}
