import { resolve } from 'node:path';
import { holdingVault, VAULT_LOCK_TIMEOUT } from '../../access/vault-lock.js';
import type { Context } from '../../context.js';
import { equalBytes } from '../../crypto/derive.js';
import { VaultError } from '../../domain/errors.js';
import { command } from '../../domain/hints.js';
import { inQuotes } from '../../domain/safe-text.js';
import { throwIfInterrupted } from '../../domain/waiting.js';
import type { Lock } from '../../stores/locks.js';
import type { Copies } from '../../stores/sqlite-copies.js';
import { isDamage } from '../../vault/damage.js';
import { lineOf } from '../../vault/queued-events.js';
import type { RollbackState } from '../../vault/rollback.js';
import type { TrailLine } from '../../vault/trail.js';
import type { WaitingLoginDeps } from '../login/waiting-logins.js';
import type { Restored, RestorePlan } from './backup.js';
import { MOST_BYTES } from './backup.js';
import {
  type CopyCheck,
  checkCopy,
  noteInCopy,
  storeWaitingUnlessRestored,
  type WaitingFor,
  waitingFor,
} from './copy.js';

export type RestoreContext = Pick<
  Context,
  | 'access'
  | 'audit'
  | 'clock'
  | 'copies'
  | 'events'
  | 'files'
  | 'interruption'
  | 'keys'
  | 'locks'
  | 'paths'
  | 'readNamed'
  | 'spill'
  | 'vault'
>;

type RestoreDeps = Omit<RestoreContext, 'copies' | 'spill'> &
  WaitingLoginDeps & { readonly copies: Copies; readonly database: string };

async function depsOf(ctx: RestoreContext): Promise<RestoreDeps> {
  const [copies, spill] = await Promise.all([ctx.copies(), ctx.spill()]);
  return { ...ctx, copies, spill, database: ctx.paths.database };
}

/** The files of a database. */
const KEPT = ['', '-journal'];

/** Checks a backup and what it would replace. @throws VaultError `vault_damaged`, `vault_newer` */
export async function planRestore(ctx: RestoreContext, named: string): Promise<RestorePlan> {
  const deps = await depsOf(ctx);
  const file = resolve(named);
  return underLock(deps, async () => {
    const { check } = await stageCopy(deps, file, null);
    deps.copies.remove(copyOf(deps));
    if (!deps.files.exists(deps.database)) return { ...check, file, replaces: null };
    const living = await waitingNow(deps);
    const accounts = living === null ? null : living.accounts.length;
    return { ...check, file, replaces: { database: deps.database, accounts } };
  });
}

/**
 * Replaces the vault by a backup. The backup is first copied beside the database and checked; the old vault is kept under a
 * name with the date. A vault with the same id is changed in one commit, so that processes that have it open continue with
 * the new content; any other file is replaced by a rename. A crash at any point leaves either the old vault or the new one.
 * An interruption before the replacement leaves everything as it was; after it, the restore runs to completion.
 *
 * @throws VaultError as {@link planRestore}; the store's codes
 */
export async function restore(ctx: RestoreContext, named: string): Promise<Restored> {
  const deps = await depsOf(ctx);
  const file = resolve(named);
  return underLock(deps, async () => {
    const exists = deps.files.exists(deps.database);
    const event = { event: 'restored', replaced: exists } as const;
    const { check, copied } = await stageCopy(deps, file, lineOf(deps.events, event));
    const copy = copyOf(deps);
    const held: Lock[] = [];
    try {
      const living = exists ? await waitingNow(deps) : null;
      if (living !== null) await storeWaitingUnlessRestored(deps, living, copied);
      for (const id of [...(living?.accounts ?? [])].sort())
        held.push(await deps.locks.acquire(id, VAULT_LOCK_TIMEOUT, deps.interruption));
      await deps.access.close();
      await throwIfInterrupted(deps.interruption);
      const kept = exists ? await keep(deps, living !== null) : null;
      await throwIfInterrupted(deps.interruption).catch((reason: unknown) => {
        if (kept !== null) forgetKept(deps, kept);
        throw reason;
      });
      if (living !== null && equalBytes(living.vaultId, copied.vaultId)) await deps.copies.takeOver(copy);
      else replaceFile(deps, copy);
      deps.audit.record(event, check.unopened === null ? 'chained' : undefined);
      const standing = check.unopened === null ? await stateAfterRestore(deps) : null;
      // `vault status` has no key to find it out.
      if (standing === 'rolled_back' || standing === 'cloned')
        deps.audit.record({ event: 'integrity_alarm', code: `vault_${standing}` });
      return { ...check, database: deps.database, kept, standing };
    } finally {
      for (const lock of held) await lock.release();
      deps.copies.remove(copy);
    }
  });
}

/** An interruption that comes too late must not hide that the vault was replaced. */
async function stateAfterRestore({ vault, interruption }: RestoreDeps): Promise<RollbackState | null> {
  try {
    const opened = await vault();
    return opened === null ? null : (await opened.examine()).standing;
  } catch (failure) {
    if (interruption.aborted) return null;
    throw failure;
  }
}

async function underLock<T>(deps: RestoreDeps, action: () => Promise<T>): Promise<T> {
  deps.files.ensureFolder(deps.paths.data);
  return holdingVault(deps, action, deps.interruption);
}

function copyOf({ database }: RestoreDeps): string {
  return `${database}.restoring`;
}

/**
 * Makes a copy of the backup beside the database, and checks it.
 *
 * @param line appended to the copy's trail when its key is available, so that the restored vault contains the event of its
 * own restore
 */
async function stageCopy(
  deps: RestoreDeps,
  file: string,
  line: TrailLine | null,
): Promise<{ readonly check: CopyCheck; readonly copied: WaitingFor }> {
  const { files, copies } = deps;
  const bytes = await deps.readNamed(file, MOST_BYTES);
  if (bytes === null) {
    throw new VaultError('usage', `there is no backup at ${file}`, {
      hint: `name a file that was made by: ${command('backup FILE')}`,
    });
  }
  const copy = copyOf(deps);
  copies.remove(copy);
  if (!files.create(copy, bytes))
    throw new VaultError('busy', `${copy} exists already`, { hint: `rm ${inQuotes(copy)}` });
  try {
    const store = await copies.open(copy);
    try {
      const copied = await waitingFor(store);
      const { check, keyring } = await checkCopy(deps, store, await deps.keys.current(), file);
      try {
        if (keyring !== null && line !== null) await noteInCopy(store, keyring, deps.clock, line);
      } finally {
        keyring?.wipe();
      }
      return { check, copied };
    } finally {
      await store.close();
    }
  } catch (failure) {
    copies.remove(copy);
    throw named(failure, copy, file);
  }
}

/** The user knows the file by the name they gave. */
function named(failure: unknown, copy: string, file: string): unknown {
  if (!isDamage(failure)) return failure;
  const { message, cause } = failure;
  return new VaultError('vault_damaged', `the backup cannot be used: ${message.replaceAll(copy, file)}`, {
    hint: 'use another backup; nothing was changed',
    cause,
  });
}

/** @returns null for a database that cannot be read, which may still be replaced */
async function waitingNow(deps: RestoreDeps): Promise<WaitingFor | null> {
  try {
    const store = await deps.access.store();
    if (store === null) return null;
    return await waitingFor(store);
  } catch (failure) {
    if (failure instanceof VaultError && ['vault_damaged', 'vault_newer'].includes(failure.code)) return null;
    throw failure;
  }
}

/** @returns where the current vault is kept */
async function keep(deps: RestoreDeps, readable: boolean): Promise<string> {
  const { files, copies, database } = deps;
  const kept = freeName(deps);
  if (readable) {
    const snapshot = await copies.snapshot();
    const named = files.publish(snapshot, kept);
    copies.remove(snapshot);
    if (named) return kept;
    throw new VaultError('busy', `${kept} was just created by another process`, { hint: 'try again' });
  }
  // SQLite cannot read it, so its bytes are kept, with the journal: the user may be able to rescue something from them.
  for (const suffix of KEPT) {
    const bytes = files.read(`${database}${suffix}`, MOST_BYTES);
    if (bytes !== null) files.create(`${kept}${suffix}`, bytes);
  }
  return kept;
}

function forgetKept({ files }: RestoreDeps, kept: string): void {
  for (const suffix of KEPT) files.remove(`${kept}${suffix}`);
}

/** A name that is free: two restores within a second keep two vaults. */
function freeName({ files, clock, database }: RestoreDeps): string {
  const stamp = new Date(clock.now()).toISOString().replace(/[-:]|\.\d+/g, '');
  const name = `${database}.replaced-${stamp}`;
  for (let serial = 1; ; serial += 1) {
    const free = serial === 1 ? name : `${name}-${serial}`;
    if (!files.exists(free)) return free;
  }
}

/** The journal of a killed process must not be rolled back into the new file. */
function replaceFile({ files, database }: RestoreDeps, copy: string): void {
  const bytes = files.read(copy, MOST_BYTES);
  if (bytes === null) throw new VaultError('vault_damaged', `${copy} vanished while it was being restored`);
  if (!files.exists(database)) {
    if (files.create(database, bytes)) return;
    throw new VaultError('vault_exists', `another process has just made a vault at ${database}`, {
      hint: command('list'),
    });
  }
  files.remove(`${database}-journal`);
  files.replace(database, bytes);
}
