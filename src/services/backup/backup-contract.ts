import type { VaultError } from '../../domain/errors.js';
import type { RollbackState } from '../../vault/rollback.js';

/** What was found out about a copy of a vault. */
export interface CopyCheck {
  readonly accounts: number;
  /** Why its accounts could not be opened: the key is not at hand. Null when every one of them opens. */
  readonly unopened: VaultError | null;
}

export interface BackupRequest {
  readonly file: string;
  /** Replace what is there. */
  readonly force: boolean;
}

export interface Backup extends CopyCheck {
  /** Absolute. */
  readonly file: string;
  readonly bytes: number;
}

export interface RestorePlan extends CopyCheck {
  /** Absolute. */
  readonly file: string;
  /** The vault that would be replaced; null: there is none. */
  readonly replaces: { readonly database: string; readonly accounts: number | null } | null;
}

export interface Restored extends CopyCheck {
  readonly database: string;
  /** Where the vault is kept that was there before; null: there was none. */
  readonly kept: string | null;
  /** How the vault stands here now; null when that cannot be seen without its key. */
  readonly standing: RollbackState | null;
}

/** What saves and brings back the vault as a whole. */
export interface BackupUseCases {
  /** @throws VaultError `vault_exists` when the file is there and must not be replaced; the store's codes */
  backup(request: BackupRequest): Promise<Backup>;
  /** Looks at a backup and at what it would replace. @throws VaultError `vault_damaged`, `vault_newer` */
  planRestore(file: string): Promise<RestorePlan>;
  /** Puts a backup in the place of the vault, which is kept beside it. @throws VaultError as `planRestore` */
  restore(file: string): Promise<Restored>;
}
