import type { Audit } from '../../audit/events.js';
import { ERROR_CODES, type ErrorCode, FROM_BACKUP, VaultError, withMoreHints } from '../../domain/errors.js';
import type { KeySource, KeySourceKind } from '../../keysources/contract.js';
import type { MasterKeyRow, VaultHead } from '../../stores/contract.js';
import { type Keyring, openKeyring } from '../../vault/keyring.js';
import { masterVersion } from '../../vault/master-key.js';
import { notingFailure } from './open-failed.js';

/** A machine without a desktop has no keychain tomorrow either, so that trying again does not help. */
const KEY_FILE_INSTEAD = [
  'to use a key file instead, once where the keychain works: vault key add file',
  'and then: vault key use file',
];

export interface Unlocked {
  readonly row: MasterKeyRow;
  /** The caller wipes it. */
  readonly master: Buffer;
  readonly keyring: Keyring;
}

/**
 * Opens the key table with the master key from one source, and never with one from another: a source that fails is told,
 * not gone around.
 *
 * @param database its path, for errors
 * @throws VaultError the source's codes; `key_missing` when the vault has no master key of this kind of source;
 * `key_wrong`, `vault_damaged`
 */
export async function unlock(head: VaultHead, source: KeySource, database: string): Promise<Unlocked> {
  if (head.masterKeys.length === 0) {
    throw new VaultError('vault_damaged', `${database} is damaged: it lists no master key`, {
      hint: FROM_BACKUP,
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
  throw withOtherWays(first, head, source.kind);
}

/** As {@link unlock}; a failure is recorded. */
export function unlockNoting(
  { audit, database }: { readonly audit: Audit; readonly database: string },
  head: VaultHead,
  source: KeySource,
): Promise<Unlocked> {
  return notingFailure(audit, source.kind, unlock(head, source, database));
}

/**
 * Opens the key table, and runs an action with the keyring, which is wiped afterwards.
 *
 * @param action given the row of the master key that has opened it as well
 * @throws VaultError as {@link unlock}, and what the action throws
 */
export async function withKeyring<T>(
  deps: Parameters<typeof unlockNoting>[0],
  head: VaultHead,
  source: KeySource,
  action: (keyring: Keyring, row: MasterKeyRow) => Promise<T>,
): Promise<T> {
  const { row, master, keyring } = await unlockNoting(deps, head, source);
  master.fill(0);
  try {
    return await action(keyring, row);
  } finally {
    keyring.wipe();
  }
}

/** What is typed to have this machine use a key of the vault. Nobody but its user knows which program prints a key. */
export function useCommand(kind: string): string {
  return `vault key use ${kind}${kind === 'command' ? ' -- PROGRAM' : ''}`;
}

/** The master keys of one kind of source, newest first. */
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

function notInThisVault(head: VaultHead, source: KeySource): VaultError {
  const kinds = kindsIn(head).join(', ');
  const use = kindsIn(head).map(useCommand);
  const isFile = source.kind === 'file' ? '\nif VAULT_KEY_FILE is set, unset it first' : '';
  return new VaultError(
    'key_missing',
    `this vault has no master key in a key source of the kind ${source.kind}, which is set here; it has one in: ${kinds}`,
    { hint: `${use.join('\n')}${isFile}`, details: { key_source: source.kind, vault_has: kindsIn(head) } },
  );
}

/** What else would open this vault, when the source that is set does not: told, and never tried. */
function withOtherWays(failure: unknown, head: VaultHead, kind: KeySourceKind): unknown {
  if (!(failure instanceof VaultError) || failure.exitCode !== ERROR_CODES.key_unavailable) return failure;
  const isLost = failure.code === 'key_missing' || failure.code === 'key_wrong';
  const recovery = isLost ? ['or, with a recovery file: vault key import FILE'] : [];
  return withMoreHints(failure, [...otherWays(failure.code, head, kind), ...recovery]);
}

function otherWays(code: ErrorCode, head: VaultHead, kind: KeySourceKind): readonly string[] {
  const others = kindsIn(head).filter((other) => other !== kind);
  const ways = others.map((other) => `or use another key of this vault: ${useCommand(other)}`);
  // The variable goes before what `vault key use` writes down.
  if (kind === 'file' && ways.length > 0) return ['if VAULT_KEY_FILE is set, unset it first', ...ways];
  const outOfReach = kind === 'keychain' && code !== 'key_missing' && code !== 'key_wrong';
  return outOfReach && ways.length === 0 ? KEY_FILE_INSTEAD : ways;
}

function kindsIn({ masterKeys }: VaultHead): readonly string[] {
  return [...new Set(masterKeys.map(({ source }) => source))];
}
