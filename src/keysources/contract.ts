import { VaultError } from '../domain/errors.js';

export const MASTER_KEY_BYTES = 32;

/**
 * A key source keeps a master key of the vault: 32 bytes under a versioned reference. One file a kind, listed in index.ts;
 * each runs the contract suite. This is how one is configured in `config.json`.
 */
export type KeySourceSetting =
  | { readonly kind: 'keychain' }
  /** A path of null: the default key file of the vault. */
  | { readonly kind: 'file'; readonly path: string | null }
  /** A file in `$CREDENTIALS_DIRECTORY`; null: the default name. */
  | { readonly kind: 'credential'; readonly name: string | null }
  /** A program and its arguments; timeout in ms, null: the default. */
  | { readonly kind: 'command'; readonly command: readonly string[]; readonly timeout: number | null }
  /** A file with the passphrase; null: it is read from a descriptor, or prompted for. */
  | { readonly kind: 'passphrase'; readonly file: string | null };

export type KeySourceKind = KeySourceSetting['kind'];

interface AnyKeySource {
  readonly kind: KeySourceKind;
  readonly setting: KeySourceSetting;
  /** Where the key is, for messages: `OS keychain`, `key file /…/master.key`. */
  readonly place: string;
  /** Absolute; null for sources that are not a file. */
  readonly path: string | null;
  /** The hint when the key does not open the vault; absent: a general one. */
  readonly ifWrong?: string;
  /**
   * @param reference the versioned name, for example `3f0c…/master/1`
   * @param parameters of a derived key, from the vault
   * @returns exactly 32 bytes, which the caller wipes
   * @throws VaultError `key_missing`, `key_unavailable`, `key_locked`, `key_timed_out`, `key_wrong` (not 32 bytes); file:
   * `vault_permissions`; passphrase: `vault_damaged` for invalid parameters; keychain: `keychain_not_installed`,
   * `session_bus_missing`, `key_denied`
   */
  load(reference: string, parameters?: string | null): Promise<Buffer>;
}

/** This program stores keys there. */
export interface StoringKeySource extends AnyKeySource {
  readonly keys: 'stored';
  /**
   * Stores a new key and never replaces one.
   *
   * @param key 32 bytes
   * @throws VaultError as `load`; `vault_exists` when there is a key under this reference; file: `vault_not_writable`
   */
  create(reference: string, key: Buffer): Promise<void>;
  /** Stores a replacement beside another key: both can be loaded until one is dropped. @throws VaultError as `create` */
  createBeside(reference: string, key: Buffer): Promise<void>;
  /**
   * Deletes one of the keys after `createBeside`, if it exists. The kept one is never touched.
   *
   * @param kept the reference that the vault uses from now on; null when it has none in this source
   * @returns false when the dropped key has to stay, because other vaults may need it
   * @throws VaultError as `create`
   */
  drop(dropped: string, kept: string | null): Promise<boolean>;
  /**
   * Deletes a key.
   *
   * @returns false when it does not exist, or may serve other vaults and has to be removed by its owner
   * @throws VaultError as `create`
   */
  remove(reference: string): Promise<boolean>;
}

/** The owner provides keys; this program only reads them. */
export interface GivenKeySource extends AnyKeySource {
  readonly keys: 'given';
  /** The command line that makes a key there. */
  readonly recipe: string;
}

/** The key is derived each time from something that the user knows. */
export interface DerivedKeySource extends AnyKeySource {
  readonly keys: 'derived';
  /**
   * Prompts for the input of a new key.
   *
   * @param replaced keys that the new one replaces
   * @throws VaultError as `load`; `usage` when the input is too easy to guess, or derives one of the replaced keys
   */
  derive(reference: string, replaced?: readonly ReplacedKey[]): Promise<DerivedKey>;
}

export interface ReplacedKey {
  readonly parameters: string | null;
  matches(key: Buffer): boolean;
}

export type KeySource = StoringKeySource | GivenKeySource | DerivedKeySource;

export interface DerivedKey {
  /** 32 bytes, which the caller wipes. */
  readonly key: Buffer;
  /** For `load`; not secret. */
  readonly parameters: string;
}

/** base64url (RFC 4648 §5) of 32 bytes; padding is accepted. */
const SHAPE = /^[A-Za-z0-9_-]{43}=?$/;

export function encodeKey(key: Uint8Array): string {
  if (key.length !== MASTER_KEY_BYTES) throw new RangeError('a master key has 32 bytes');
  return Buffer.from(key).toString('base64url');
}

/**
 * @param place for the error
 * @throws VaultError `key_wrong`; the text is never repeated
 */
export function decodeKey(text: string, place: string): Buffer {
  const trimmed = text.trim();
  const key = Buffer.from(trimmed, 'base64url');
  if (!SHAPE.test(trimmed) || key.length !== MASTER_KEY_BYTES) {
    throw new VaultError(
      'key_wrong',
      `the ${place} does not contain a master key: it must be 32 bytes in base64url`,
      {
        hint: 'restore the right key: 43 letters, digits, dashes and underscores',
      },
    );
  }
  return key;
}

/** Prints a new master key: base64 of 32 random bytes, changed to base64url. */
export const NEW_KEY = "openssl rand -base64 32 | tr '+/' '-_'";
