import type { KeySourceKind, KeySourceSetting } from '../../keysources/contract.js';
import type { KeyChangeUseCases } from './key-changes-contract.js';

export type * from './key-changes-contract.js';

/** A key source as somebody names it on the command line. */
export interface KeyChoice {
  readonly setting: KeySourceSetting;
  /** An open descriptor from which a passphrase is read, this once; null: none. */
  readonly passphraseFd: number | null;
}

export interface InitRequest {
  /** Null: keep to what the configuration or environment says, else the keychain. */
  readonly choice: KeyChoice | null;
}

export interface InitResult {
  readonly keySource: KeySourceKind;
  /** In words: where the key is. */
  readonly place: string;
  readonly database: string;
  readonly configFile: string;
}

/** One of the master keys of the vault. */
export interface MasterKeyView {
  /** The kind of its source; as it stands in the vault, so possibly of a later version. */
  readonly source: string;
  readonly reference: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** In words: where this machine would look for it. */
  readonly place: string;
  /** Whether this machine opens the vault with it. */
  readonly inUse: boolean;
}

/** A change of a key that was cut off, or one that could not be cleared up after. */
export interface UnfinishedKey {
  readonly source: string;
  readonly reference: string;
  /** Milliseconds since the epoch. */
  readonly since: number;
}

export interface DataKeyView {
  readonly id: number;
  readonly purpose: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** A newer one has taken its place; it goes when nothing needs it any more. */
  readonly replaced: boolean;
  /** How many accounts have something sealed under it; null when that cannot be read. */
  readonly accounts: number | null;
}

export interface KeyStatus {
  readonly unfinished: readonly UnfinishedKey[];
  /** What the master keys wrap, by their ids. */
  readonly dataKeys: readonly DataKeyView[];
  /** Oldest first; empty where there is no vault yet. */
  readonly keys: readonly MasterKeyView[];
  /** The kind of source this machine uses, whether or not the vault has a key there. */
  readonly inUse: KeySourceKind;
  /** What decides on it: `VAULT_KEY_FILE`, the path of `config.json`, or null where nothing is set. */
  readonly decidedBy: string | null;
}

export interface RemovedKey {
  readonly source: KeySourceKind;
  readonly reference: string;
  /** What became of the key itself, in words. */
  readonly key: string;
}

export interface UsedKey {
  readonly key: MasterKeyView;
  readonly configFile: string;
  /** Something that keeps this choice from counting; null: nothing. */
  readonly warning: string | null;
}

export interface KeyUseCases extends KeyChangeUseCases {
  init(request: InitRequest): Promise<InitResult>;
  keyStatus(): Promise<KeyStatus>;
  /**
   * Wraps the vault's data keys under one more master key, in another key source.
   *
   * @throws VaultError the codes of both sources; `account_not_found` where there is no vault; `usage` when the vault
   * has a key in such a source already
   */
  addKey(choice: KeyChoice): Promise<MasterKeyView>;
  /**
   * Takes a key out of the vault, and out of its source where no other copy of the vault may need it; or clears away what a
   * run that was cut off has left there.
   *
   * @throws VaultError `usage` for the last key, for the one in use and for one that is not there; `vault_rolled_back` and
   * `vault_cloned` in a copy that nobody has accepted
   */
  removeKey(kind: KeySourceKind): Promise<RemovedKey>;
  /** Writes into the configuration which key this machine uses, once it has opened the vault with it. */
  useKey(choice: KeyChoice): Promise<UsedKey>;
}
