import { KEY_BYTES } from '../crypto/aead.js';
import { authenticate, deriveKey, equalBytes, random } from '../crypto/derive.js';
import { frame } from '../crypto/framing.js';
import { type OpenFailureKind, seal } from '../crypto/sealed-box.js';
import { VaultError } from '../domain/errors.js';
import type {
  DataKeyPurpose,
  MasterKeyRow,
  SealedColumn,
  VaultHead,
  WrappedKeyRow,
} from '../stores/contract.js';
import { damaged, unreadableField, unreadableKey, unreadableLedger } from './damage.js';
import { type Explain, keyIdOrExplain, openOrExplain } from './explained.js';
import {
  type DataKey,
  DOMAIN,
  keyCheckValue,
  keyEncryptionKey,
  masterReference,
  wrapBinding,
  wrapDataKeys,
} from './master-key.js';

/**
 * The key hierarchy. A master key of 32 bytes lies in a key source. HKDF-SHA256 makes from it, with the vault id as
 * salt, a key-encryption key and a key for the check value. The key-encryption key wraps random data keys: one
 * each for access tokens, refresh tokens and identity data, which seal the fields, one for the digests by which
 * identities are found again, and one for what is known of all rows together. So a new master key re-wraps five small
 * rows, and several master keys can wrap the same data keys.
 */
const PURPOSES: readonly DataKeyPurpose[] = [
  'access_token',
  'refresh_token',
  'identity',
  'subject_digest',
  'ledger',
];

export interface Keyring {
  readonly vaultId: Uint8Array;
  /** @throws VaultError `vault_damaged` or `vault_newer` when the data key does not unwrap, as all here */
  seal(purpose: SealedColumn, plaintext: Uint8Array, aad: Uint8Array): Buffer;
  /**
   * @param owner the name of the account the field belongs to, for the error
   * @throws VaultError `vault_damaged`, `vault_newer`
   */
  open(purpose: SealedColumn, sealed: Uint8Array, aad: Uint8Array, owner: string): Buffer;
  /** A keyed digest: finds an identity again without being readable. 64 lower-case hex digits. */
  subjectDigest(issuer: string, subject: string): string;
  /** A keyed digest that tells whether two refresh tokens are the same one. 32 bytes. */
  tokenDigest(refreshToken: string): Buffer;
  /** What is known of all rows together. */
  readonly ledger: LedgerKeys;
  /**
   * The same data keys, wrapped by another master key.
   *
   * @param master 32 bytes; the caller wipes it
   */
  wrapFor(reference: string, master: Uint8Array): readonly WrappedKeyRow[];
  /** The data keys in the clear, for a recovery file; copies, which the caller wipes. */
  dataKeys(): readonly DataKey[];
  /** Overwrites every key held here. The keyring is of no use afterwards. */
  wipe(): void;
}

export interface LedgerKeys {
  /** @throws VaultError `vault_damaged`, `vault_newer`, as all here */
  seal(plaintext: Uint8Array, aad: Uint8Array): Buffer;
  open(sealed: Uint8Array, aad: Uint8Array): Buffer;
  /** A keyed digest of one row's facts. 32 bytes. */
  rowDigest(facts: Uint8Array): Buffer;
}

/**
 * A new vault's head: fresh data keys under the given master key.
 *
 * @param vaultId 16 random bytes
 * @param source the kind of the key source
 * @param master 32 bytes; the caller wipes it
 * @param now milliseconds since the epoch
 * @param parameters what the source needs besides to have the key
 */
export function createHead(
  vaultId: Uint8Array,
  source: string,
  master: Uint8Array,
  now: number,
  parameters: string | null = null,
): VaultHead {
  const reference = masterReference(vaultId, 1);
  const dataKeys = PURPOSES.map((purpose, index): DataKey & { readonly key: Buffer } => ({
    dataKeyId: index + 1,
    purpose,
    key: random(KEY_BYTES),
    createdAt: now,
  }));
  const wrappedKeys = wrapDataKeys(vaultId, reference, master, dataKeys);
  for (const { key } of dataKeys) key.fill(0);
  const checkValue = keyCheckValue(vaultId, reference, master);
  return {
    vaultId,
    createdAt: now,
    masterKeys: [{ reference, source, parameters, checkValue, createdAt: now }],
    wrappedKeys,
  };
}

/**
 * Checks the master key against the vault and gives its keyring. Data keys are unwrapped when first needed.
 *
 * @param master 32 bytes; the caller wipes it
 * @param place where the key was found, for the error: `key file /…/master.key`; the kind of source when left out
 * @throws VaultError `key_wrong` when the key belongs to another vault, `vault_damaged` when the key is right, or may
 * be, and the vault's own key table is not
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
  let rowKey: Buffer | null = null;

  function unwrap(row: WrappedKeyRow): Buffer {
    const known = keys.get(row.dataKeyId);
    if (known !== undefined) return known;
    const aad = wrapBinding(vaultId, reference, row.dataKeyId, row.purpose);
    const explain = (kind: OpenFailureKind) => unreadableKey(kind, row.purpose);
    const key = openOrExplain(encryptionKey, row.wrapped, aad, explain);
    if (key.length !== KEY_BYTES) throw explain('malformed');
    keys.set(row.dataKeyId, key);
    return key;
  }

  function rowsFor(purpose: DataKeyPurpose): readonly WrappedKeyRow[] {
    return head.wrappedKeys.filter((row) => row.purpose === purpose && row.masterReference === reference);
  }

  /** The newest key of a purpose seals; older ones still open. */
  function newest(purpose: DataKeyPurpose): WrappedKeyRow {
    const row = rowsFor(purpose).at(-1);
    if (row === undefined) throw unreadableKey('malformed', purpose);
    return row;
  }

  function sealNewest(purpose: DataKeyPurpose, plaintext: Uint8Array, aad: Uint8Array): Buffer {
    const row = newest(purpose);
    return seal(unwrap(row), row.dataKeyId, plaintext, aad);
  }

  function openSealed(
    purpose: DataKeyPurpose,
    sealed: Uint8Array,
    aad: Uint8Array,
    explain: Explain,
  ): Buffer {
    const id = keyIdOrExplain(sealed, explain);
    const row = rowsFor(purpose).find((candidate) => candidate.dataKeyId === id);
    if (row === undefined) throw explain('forged');
    return openOrExplain(unwrap(row), sealed, aad, explain);
  }

  function opensAny(): boolean {
    return PURPOSES.some((purpose) => {
      try {
        return unwrap(newest(purpose)) !== null;
      } catch {
        return false;
      }
    });
  }

  function checkMaster(): void {
    if (equalBytes(keyCheckValue(vaultId, reference, master), masterKey.checkValue)) return;
    const ownReference = reference.startsWith(`${Buffer.from(vaultId).toString('hex')}/`);
    const complete = PURPOSES.every((purpose) => rowsFor(purpose).length > 0);
    if (!ownReference || !complete || opensAny()) throw damaged('its table of keys');
    throw new VaultError('key_wrong', `the master key from the ${place} is not the one of this vault`, {
      hint: 'point VAULT_KEY_FILE or keySource in config.json at the right key, or restore the vault that belongs to this key',
    });
  }

  function ownKeys(): readonly DataKey[] {
    const rows = head.wrappedKeys.filter((row) => row.masterReference === reference);
    return rows.map((row) => {
      const { dataKeyId, purpose, createdAt } = row;
      return { dataKeyId, purpose, createdAt, key: unwrap(row) };
    });
  }

  function wipe(): void {
    encryptionKey.fill(0);
    rowKey?.fill(0);
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
    seal: sealNewest,
    open: (purpose, sealed, aad, owner) =>
      openSealed(purpose, sealed, aad, (kind) => unreadableField(kind, purpose, owner)),
    ledger: {
      seal: (plaintext, aad) => sealNewest('ledger', plaintext, aad),
      open: (sealed, aad) => openSealed('ledger', sealed, aad, unreadableLedger),
      rowDigest(facts) {
        rowKey ??= deriveKey(unwrap(newest('ledger')), vaultId, `${DOMAIN}/row digest`, KEY_BYTES);
        return authenticate(rowKey, facts);
      },
    },
    subjectDigest(issuer, subject) {
      return authenticate(unwrap(newest('subject_digest')), frame([issuer, subject])).toString('hex');
    },
    tokenDigest(refreshToken) {
      const key = deriveKey(unwrap(newest('refresh_token')), vaultId, `${DOMAIN}/token digest`, KEY_BYTES);
      const digest = authenticate(key, frame([refreshToken]));
      key.fill(0);
      return digest;
    },
    wrapFor: (other, otherMaster) => wrapDataKeys(vaultId, other, otherMaster, ownKeys()),
    dataKeys: () => ownKeys().map((row) => ({ ...row, key: Buffer.from(row.key) })),
    wipe,
  };
}
