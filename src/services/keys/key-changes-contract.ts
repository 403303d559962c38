import type { KeyChoice, MasterKeyView } from './keys-contract.js';

export interface RotatedKey {
  readonly key: MasterKeyView;
  /** The reference of the key that it has taken the place of. */
  readonly replaced: string;
  /** What became of the old key, in words. */
  readonly old: string;
  /** Something left to be done, in words; null: nothing. */
  readonly next: string | null;
}

export interface RotatedDataKeys {
  /** How many accounts this run has sealed anew. */
  readonly accounts: number;
  /** An earlier run had been cut off, and this one has finished it. */
  readonly resumed: boolean;
  /** Ids of the data keys that are gone. */
  readonly dropped: readonly number[];
  /** Ids of the data keys that took their place. */
  readonly dataKeys: readonly number[];
  /** When those were made, in milliseconds since the epoch: some time ago, when the earlier run was. */
  readonly madeAt: number;
}

/** Where the passphrase of a recovery file comes from; a person is asked where both are null. */
export interface PassphraseFrom {
  readonly file: string | null;
  readonly descriptor: number | null;
}

export interface ExportRequest {
  readonly file: string;
  readonly passphrase: PassphraseFrom;
}

export interface ExportedKey {
  /** Absolute. */
  readonly file: string;
}

export interface ImportRequest extends ExportRequest {
  /** Where the new master key goes; null: the source in use. */
  readonly choice: KeyChoice | null;
}

export interface ImportedKey {
  readonly key: MasterKeyView;
  /** References of the keys that it has taken the place of. */
  readonly replaced: readonly string[];
}

/** What changes, saves and brings back the keys. */
export interface KeyChangeUseCases {
  /**
   * Puts a new master key in the place of an old one: the same data keys, wrapped anew in one commit. The old key is then
   * taken out of its source, where this program had put it there and no other copy of the vault may need it.
   *
   * @param choice null: the source in use
   * @throws VaultError the source's codes; `usage` when the source gives no other key than before; `vault_rolled_back` and
   * `vault_cloned` in a copy that nobody has accepted
   */
  rotateKey(choice: KeyChoice | null): Promise<RotatedKey>;
  /**
   * Puts new data keys in the place of the old ones and seals every account under them. A run that is cut off is gone on with
   * by the next.
   *
   * @param report called after each batch with the accounts done so far and how many there are
   * @throws VaultError the vault's own codes; `key_unavailable` when a master key that has to wrap them is out of reach;
   * `busy` when something needs the old ones still, which then stay
   */
  rotateDataKeys(report: (done: number, total: number) => void): Promise<RotatedDataKeys>;
  /**
   * Writes a recovery file: the data keys, sealed with a passphrase. It is opened again before this resolves.
   *
   * @throws VaultError the key's codes; `vault_exists` when the file is there; `usage` for a passphrase that is too short
   */
  exportKey(request: ExportRequest): Promise<ExportedKey>;
  /**
   * Makes a new master key for the vault with what a recovery file holds, where its own key is lost.
   *
   * @throws VaultError the codes of the source; `key_wrong` for another vault's file, one of another time and a wrong passphrase,
   * `vault_damaged` for a damaged file and one of other data keys, `vault_newer`
   */
  importKey(request: ImportRequest): Promise<ImportedKey>;
}
