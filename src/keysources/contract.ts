import { VaultError } from '../domain/errors.js';

/**
 * A key source keeps a master key of the vault: 32 bytes under a versioned reference. It is an axis: one file a member,
 * listed in index.ts, every member runs the contract suite.
 */
export const KEY_SOURCE_KINDS = ['keychain', 'file', 'credential', 'command', 'passphrase'] as const;
export type KeySourceKind = (typeof KEY_SOURCE_KINDS)[number];

export const MASTER_KEY_BYTES = 32;

/** Where a master key is kept and how it is fetched, as `config.json` says it. */
export type KeySourceSetting =
  | { readonly kind: 'keychain' }
  /** A path of null means the default key file of the vault. */
  | { readonly kind: 'file'; readonly path: string | null }
  /** A file in `$CREDENTIALS_DIRECTORY`, the usual one for a name of null. */
  | { readonly kind: 'credential'; readonly name: string | null }
  /** A program and its arguments; the timeout in milliseconds, null for the usual one. */
  | { readonly kind: 'command'; readonly command: readonly string[]; readonly timeout: number | null }
  /** A file that holds the passphrase; null: it comes from a descriptor, or a person is asked. */
  | { readonly kind: 'passphrase'; readonly file: string | null };

interface AnyKeySource {
  readonly kind: KeySourceKind;
  /** How `config.json` would name it. */
  readonly setting: KeySourceSetting;
  /** Says in words where the key is, for `init`, `doctor` and errors: `OS keychain`, `key file /…/master.key`. */
  readonly place: string;
  /** The absolute path of a source that is a file; null for others. */
  readonly path: string | null;
  /** The hint for a key from here that is not the vault's; the usual one when left out. */
  readonly ifWrong?: string;
  /**
   * @param reference the versioned name, for example `3f0c…/master/1`
   * @param parameters what the vault keeps beside the reference for sources that are derived
   * @returns exactly 32 bytes, which the caller wipes after use
   * @throws VaultError `key_missing`, `key_unavailable`, `key_locked`, `key_timed_out`, `key_wrong` (not 32 bytes), for
   * a file `vault_permissions`, for a derived one `vault_damaged` when the parameters are none, for a keychain
   * `keychain_not_installed`, `session_bus_missing` and `key_denied`
   */
  load(reference: string, parameters?: string | null): Promise<Buffer>;
}

/** Keeps the keys that this program puts there. */
export interface StoringKeySource extends AnyKeySource {
  readonly keys: 'stored';
  /**
   * Stores a new key and never replaces one that is there.
   *
   * @param key 32 bytes
   * @throws VaultError as `load`, `vault_exists` when the source holds a key under this reference already, and for a
   * file `vault_not_writable`
   */
  create(reference: string, key: Buffer): Promise<void>;
  /**
   * Stores the key that is to take the place of another one, beside it: both can be loaded until one is dropped.
   *
   * @throws VaultError as `create`
   */
  createBeside(reference: string, key: Buffer): Promise<void>;
  /**
   * Forgets one of two keys that `createBeside` has brought together, if it is there. What is kept is never touched.
   *
   * @param kept the reference of the one that the vault goes on with; null when it has none in this source
   * @returns false when the dropped one has to stay, because other vaults may need it
   * @throws VaultError as `create`
   */
  drop(dropped: string, kept: string | null): Promise<boolean>;
  /**
   * Forgets a key that no vault needs any more.
   *
   * @returns false when it was not there, or is not this vault's alone and has to be removed by its owner
   * @throws VaultError as `create`
   */
  remove(reference: string): Promise<boolean>;
}

/** Its owner puts keys there; this program only reads them. */
export interface GivenKeySource extends AnyKeySource {
  readonly keys: 'given';
  /** The command line with which its owner makes a key there. */
  readonly recipe: string;
}

/** Keeps no key: it is made anew each time, from something a person knows. */
export interface DerivedKeySource extends AnyKeySource {
  readonly keys: 'derived';
  /**
   * Asks for what a new key is made from.
   *
   * @param replaced keys that it is to take the place of
   * @throws VaultError as `load`; `usage` when it is too easy to guess, or makes one of the replaced keys as well
   */
  derive(reference: string, replaced?: readonly ReplacedKey[]): Promise<DerivedKey>;
}

/** A key that is to be replaced, without the key. */
export interface ReplacedKey {
  /** What the vault keeps for it, as given to `load`. */
  readonly parameters: string | null;
  /** Whether this is the key, 32 bytes. */
  matches(key: Buffer): boolean;
}

export type KeySource = StoringKeySource | GivenKeySource | DerivedKeySource;

export interface DerivedKey {
  /** 32 bytes, which the caller wipes after use. */
  readonly key: Buffer;
  /** To be kept with the reference and given to `load`; no secret. */
  readonly parameters: string;
}

/** A master key as it is written down: base64url (RFC 4648 §5) of 32 bytes, without padding, which is let pass when read. */
const SHAPE = /^[A-Za-z0-9_-]{43}=?$/;

/** @throws RangeError when it is not a master key */
export function encodeKey(key: Uint8Array): string {
  if (key.length !== MASTER_KEY_BYTES) throw new RangeError('a master key has 32 bytes');
  return Buffer.from(key).toString('base64url');
}

/**
 * @param place where it was read, for the error
 * @throws VaultError `key_wrong` when the text is not 32 bytes in base64url; the text itself is never repeated
 */
export function decodeKey(text: string, place: string): Buffer {
  const trimmed = text.trim();
  const key = Buffer.from(trimmed, 'base64url');
  if (!SHAPE.test(trimmed) || key.length !== MASTER_KEY_BYTES) {
    throw new VaultError(
      'key_wrong',
      `the ${place} does not hold a master key: it must be 32 bytes in base64url`,
      {
        hint: 'put the right key back; it looks like 43 letters, digits, dashes and underscores',
      },
    );
  }
  return key;
}

/** Prints a new master key, on every system that has OpenSSL: base64 of 32 random bytes, made base64url (RFC 4648 §5). */
export const NEW_KEY = "openssl rand -base64 32 | tr '+/' '-_'";
