import { authenticate, deriveKey, prepared } from '../crypto/derive.js';
import { frame } from '../crypto/framing.js';
import { KEY_BYTES } from '../crypto/sealed-box.js';
import { VaultError } from '../domain/errors.js';
import type { DataKeyPurpose, WrappedKeyRow } from '../stores/contract.js';
import { damaged, unreadableKey } from './damage.js';
import { FORMAT, PURPOSES } from './master-key.js';

/** The data keys that the master key of a keyring wraps. */
export interface OwnKeys {
  readonly vaultId: Uint8Array;
  /** In the order of their ids. */
  rowsFor(purpose: DataKeyPurpose): readonly WrappedKeyRow[];
  newest(purpose: DataKeyPurpose): WrappedKeyRow;
  unwrap(row: WrappedKeyRow): Buffer;
  /** Keys derived from them. */
  readonly made: Map<string, PreparedKey>;
}

export type PreparedKey = ReturnType<typeof prepared>;

function digests(
  keys: OwnKeys,
  purpose: DataKeyPurpose,
  make: (row: WrappedKeyRow) => Buffer,
): [Buffer, ...Buffer[]] {
  const [first, ...older] = [...keys.rowsFor(purpose)].reverse();
  if (first === undefined) throw unreadableKey('malformed', purpose);
  return [make(first), ...older.map(make)];
}

export function subjectDigests(keys: OwnKeys, issuer: string, subject: string): [string, ...string[]] {
  const facts = frame([issuer, subject]);
  const [first, ...older] = digests(keys, 'subject_digest', (row) => authenticate(keys.unwrap(row), facts));
  return [first.toString('hex'), ...older.map((digest) => digest.toString('hex'))];
}

export function tokenDigests(keys: OwnKeys, refreshToken: string): [Buffer, ...Buffer[]] {
  const facts = frame([refreshToken]);
  return digests(keys, 'refresh_token', (row) => authenticate(derived(keys, row, 'token digest'), facts));
}

export function rowDigest(keys: OwnKeys, facts: Uint8Array): Buffer {
  return authenticate(derived(keys, keys.newest('ledger'), 'row digest'), facts);
}

/** Derived once: it takes longer than the digest. */
function derived({ vaultId, unwrap, made }: OwnKeys, row: WrappedKeyRow, use: string): PreparedKey {
  const name = `${row.dataKeyId} ${use}`;
  const known = made.get(name);
  if (known !== undefined) return known;
  const bytes = deriveKey(unwrap(row), vaultId, `${FORMAT}/${use}`, KEY_BYTES);
  try {
    const key = prepared(bytes);
    made.set(name, key);
    return key;
  } finally {
    bytes.fill(0);
  }
}

/**
 * The error for a master key that does not fit: it is the key of another vault, unless the key table itself was altered.
 *
 * @param place of the master key
 */
export function wrongMaster(keys: OwnKeys, reference: string, place: string): VaultError {
  const ownReference = reference.startsWith(`${Buffer.from(keys.vaultId).toString('hex')}/`);
  const complete = PURPOSES.every((purpose) => keys.rowsFor(purpose).length > 0);
  if (!ownReference || !complete || opensAny(keys)) return damaged('its table of keys');
  return new VaultError('key_wrong', `the master key from the ${place} does not open this vault`, {
    hint: 'set VAULT_KEY_FILE, or keySource in config.json, to the right key, or restore the vault that belongs to this key',
  });
}

function opensAny({ newest, unwrap }: OwnKeys): boolean {
  return PURPOSES.some((purpose) => {
    try {
      return unwrap(newest(purpose)) !== null;
    } catch {
      return false;
    }
  });
}
