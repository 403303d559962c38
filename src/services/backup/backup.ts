import { join, resolve } from 'node:path';
import { holdingVault } from '../../access/vault-lock.js';
import type { Context } from '../../context.js';
import { equalBytes } from '../../crypto/derive.js';
import { VaultError } from '../../domain/errors.js';
import { command } from '../../domain/hints.js';
import { quoted } from '../../domain/safe-text.js';
import { throwIfInterrupted } from '../../domain/waiting.js';
import type { Copies } from '../../stores/sqlite-copies.js';
import type { Keyring } from '../../vault/keyring.js';
import type { RollbackState } from '../../vault/rollback.js';
import { recordProved, requireStore } from '../keys/changes.js';
import type { WaitingLoginDeps } from '../login/waiting-logins.js';
import { isFolder, refuseWithoutFolder } from '../named-file.js';
import { type CheckedCopy, type CopyCheck, checkCopy, storeWaitingBeforeBackup } from './copy.js';

export interface BackupRequest {
  readonly file: string;
  /** Replace an existing file. */
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
  /** Where the replaced vault is kept; null: there was none. */
  readonly kept: string | null;
  /** The restored vault's state; null when its key is needed to determine it. */
  readonly standing: RollbackState | null;
}

/** Larger than any vault: 100,000 accounts take about 300 MB. */
export const MOST_BYTES = 2 ** 30;

export type BackupContext = Pick<
  Context,
  'access' | 'audit' | 'copies' | 'events' | 'files' | 'interruption' | 'keys' | 'locks' | 'spill' | 'vault'
>;

type BackupParts = Omit<BackupContext, 'copies' | 'spill'> & WaitingLoginDeps & { readonly copies: Copies };

/**
 * Copies the vault with SQLite's own backup, so that the copy is consistent while others write. Every account in the copy is
 * opened before the copy gets its name. An interruption is obeyed until then.
 *
 * @throws VaultError `vault_exists` when the file exists and must not be replaced; the store's codes
 */
export async function backUp(ctx: BackupContext, { file: named, force }: BackupRequest): Promise<Backup> {
  await requireStore(ctx.access, 'so there is nothing to save');
  const file = resolve(named);
  const deps = { ...ctx, copies: await ctx.copies(), spill: await ctx.spill() };
  const { files, copies } = deps;
  if ((!force && files.exists(file)) || isFolder(files, file)) throw isThere(files, file);
  refuseWithoutFolder(files, file);
  const save = async () => {
    await storeWaitingBeforeBackup(deps);
    const copy = await copies.snapshot();
    let keyring: Keyring | null = null;
    try {
      const checked = await checkSnapshot(deps, copy);
      keyring = checked.keyring;
      const bytes = files.read(copy, MOST_BYTES) ?? Buffer.alloc(0);
      await throwIfInterrupted(deps.interruption);
      if (force) files.replace(file, bytes);
      else if (!files.create(file, bytes)) throw isThere(files, file);
      const again = files.read(file, MOST_BYTES);
      if (again === null || !equalBytes(again, bytes)) {
        throw new VaultError('vault_not_writable', `${file} differs from what was written into it`, {
          hint: 'the disk or its file system alters data: use another disk',
        });
      }
      // The event is queued: an entry written now would make the vault newer than its backup.
      recordProved(deps, keyring, { event: 'backed_up' });
      return { ...checked.check, file, bytes: bytes.length };
    } finally {
      keyring?.wipe();
      copies.remove(copy);
    }
  };
  return holdingVault(deps, save, deps.interruption);
}

async function checkSnapshot(deps: BackupParts, copy: string): Promise<CheckedCopy> {
  const store = await deps.copies.open(copy);
  try {
    return await checkCopy(deps, store, await deps.keys.current(), copy);
  } finally {
    await store.close();
  }
}

function isThere(files: Context['files'], file: string): VaultError {
  if (isFolder(files, file))
    return new VaultError('vault_exists', `${file} is a folder`, {
      hint: `name a file in it, for example: ${command(`backup ${quoted(join(file, 'vault.backup'))}`)}`,
    });
  return new VaultError('vault_exists', `${file} exists already`, {
    hint: 'name another file, or replace it with --force',
  });
}
