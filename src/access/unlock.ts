import type { Audit } from '../domain/audit-events.js';
import { ERROR_CODES, type ErrorCode, isInterruption, VaultError, withMoreHints } from '../domain/errors.js';
import { command, fromBackup } from '../domain/hints.js';
import type { KeySource, KeySourceKind } from '../keysources/contract.js';
import type { MasterKeyRow, VaultHead } from '../stores/contract.js';
import type { Paths } from '../system/contract.js';
import { type Keyring, openKeyring } from '../vault/keyring.js';
import { masterVersion } from '../vault/master-key.js';

export interface Unlocked {
  readonly row: MasterKeyRow;
  /** The caller wipes it. */
  readonly master: Buffer;
  readonly keyring: Keyring;
}

/**
 * Opens the key table with the master key from one source. When that fails it tries no other source, and names those that the
 * vault has.
 *
 * @param database its path, for errors
 * @throws VaultError the source's codes; `key_missing` when the vault has no master key in this kind of source; `key_wrong`,
 * `vault_damaged`
 */
export async function unlock(head: VaultHead, source: KeySource, database: string): Promise<Unlocked> {
  if (head.masterKeys.length === 0) {
    throw new VaultError('vault_damaged', `${database} is damaged: it lists no master key`, {
      hint: fromBackup(),
    });
  }
  const rows = rowsOf(head, source.kind);
  if (rows.length === 0) throw notInThisVault(head, source);
  let first: unknown = null;
  for (const row of rows) {
    try {
      return await openWith(head, row, source);
    } catch (failure) {
      first ??= failure;
      // A key that is being replaced has two rows for a while, and the source one of the two keys.
      if (!(failure instanceof VaultError) || !['key_wrong', 'key_missing'].includes(failure.code)) break;
    }
  }
  throw withOtherSources(first, head, source.kind);
}

/** As {@link unlock}; a failure is recorded. */
export function unlockAudited(
  audit: Audit,
  database: string,
  head: VaultHead,
  source: KeySource,
): Promise<Unlocked> {
  return auditingOpen(audit, source.kind, unlock(head, source, database));
}

/** Records a failure to open the vault. @param keySource the kind of source, or `recovery_file` */
export async function auditingOpen<T>(audit: Audit, keySource: string, opening: Promise<T>): Promise<T> {
  try {
    return await opening;
  } catch (failure) {
    auditOpenFailure(audit, keySource, failure);
    throw failure;
  }
}

/** An interruption is not recorded: no key was tried. */
export function auditOpenFailure(audit: Audit, keySource: string, failure: unknown): void {
  if (!(failure instanceof VaultError) || isInterruption(failure)) return;
  audit.record({ event: 'open_failed', code: failure.code, key_source: keySource });
}

/**
 * Opens the key table, and runs an action with the keyring, which is wiped afterwards.
 *
 * @param action also gets the row of the master key that was used
 * @throws VaultError as {@link unlock}, and what the action throws
 */
export async function withKeyring<T>(
  { audit, paths }: { readonly audit: Audit; readonly paths: Pick<Paths, 'database'> },
  head: VaultHead,
  source: KeySource,
  action: (keyring: Keyring, row: MasterKeyRow) => Promise<T>,
): Promise<T> {
  const { row, master, keyring } = await unlockAudited(audit, paths.database, head, source);
  master.fill(0);
  try {
    return await action(keyring, row);
  } finally {
    keyring.wipe();
  }
}

/** Makes this machine use a key of the vault. Which program prints a key is not in the vault. */
export function useCommand(kind: string): string {
  return command(`key use ${kind}${kind === 'command' ? ' -- PROGRAM' : ''}`);
}

/** The master keys in one kind of source, newest first. */
export function rowsOf({ masterKeys }: VaultHead, kind: KeySourceKind): readonly MasterKeyRow[] {
  const own = masterKeys.filter((row) => row.source === kind);
  return own.sort((a, b) => masterVersion(b.reference) - masterVersion(a.reference));
}

async function openWith(head: VaultHead, row: MasterKeyRow, source: KeySource): Promise<Unlocked> {
  const master = await source.load(row.reference, row.parameters);
  try {
    return { row, master, keyring: openKeyring(head, row, master, source.place) };
  } catch (failure) {
    master.fill(0);
    if (!(failure instanceof VaultError) || failure.code !== 'key_wrong' || source.ifWrong === undefined)
      throw failure;
    throw new VaultError('key_wrong', failure.message, { hint: source.ifWrong });
  }
}

function notInThisVault(head: VaultHead, { kind }: KeySource): VaultError {
  const kinds = kindsIn(head);
  const variable = kind === 'file' ? '\nif VAULT_KEY_FILE is set, unset it first' : '';
  return new VaultError(
    'key_missing',
    `this machine is set to the key source ${kind}, in which this vault has no master key; it has one in: ${kinds.join(', ')}`,
    {
      hint: `${kinds.map(useCommand).join('\n')}${variable}`,
      details: { key_source: kind, vault_has: kinds },
    },
  );
}

/** Names the other keys of the vault, which are never tried by themselves. */
function withOtherSources(failure: unknown, head: VaultHead, kind: KeySourceKind): unknown {
  if (!(failure instanceof VaultError) || failure.exitCode !== ERROR_CODES.key_unavailable) return failure;
  const isLost = failure.code === 'key_missing' || failure.code === 'key_wrong';
  const recovery = isLost ? [`or, with a recovery file: ${command('key import FILE')}`] : [];
  return withMoreHints(failure, [...otherSources(failure.code, head, kind), ...recovery]);
}

function otherSources(code: ErrorCode, head: VaultHead, kind: KeySourceKind): readonly string[] {
  const others = kindsIn(head).filter((other) => other !== kind);
  const hints = others.map((other) => `or use another key of this vault: ${useCommand(other)}`);
  // The variable overrides what `vault key use` writes into config.json.
  if (kind === 'file' && hints.length > 0) return ['if VAULT_KEY_FILE is set, unset it first', ...hints];
  const isOutOfReach = kind === 'keychain' && code !== 'key_missing' && code !== 'key_wrong';
  if (!isOutOfReach || hints.length > 0) return hints;
  // A machine without a desktop will have no keychain tomorrow either.
  return [
    `to use a key file instead, once where the keychain works: ${command('key add file')}`,
    `and then: ${command('key use file')}`,
  ];
}

function kindsIn({ masterKeys }: VaultHead): readonly string[] {
  return [...new Set(masterKeys.map(({ source }) => source))];
}
