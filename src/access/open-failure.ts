import type { Audit } from '../domain/audit-events.js';
import { withMoreHints } from '../domain/error-forms.js';
import { type ErrorCode, isInterruption, isKeyFailure, VaultError } from '../domain/errors.js';
import { command, fromBackup } from '../domain/hints.js';
import type { KeySource, KeySourceKind } from '../keysources/contract.js';
import type { VaultHead } from '../stores/contract.js';
import type { Paths } from '../system/contract.js';
import type { ReadOnlyFs } from '../system/files/read-only.js';

/* Why a vault could not be opened, and what helps. A vault that opens does not load this file. */

/** The name of a rollback mark. */
const MARK = /^[0-9a-f]{32}$/;

/** An interruption is not recorded: no key was tried. */
export function auditOpenFailure(audit: Audit, keySource: string, failure: unknown): void {
  if (!(failure instanceof VaultError) || isInterruption(failure)) return;
  audit.record({ event: 'open_failed', code: failure.code, key_source: keySource });
}

/** Makes this machine use a key of the vault. Which program prints a key is not in the vault. */
export function useCommand(kind: string): string {
  return command(`key use ${kind}${kind === 'command' ? ' -- PROGRAM' : ''}`);
}

/** The error where the vault has no master key in this kind of source. @param database its path */
export function noKeyIn({ kind }: KeySource, head: VaultHead, database: string): VaultError {
  if (head.masterKeys.length === 0) {
    return new VaultError('vault_damaged', `${database} is damaged: it lists no master key`, {
      hint: fromBackup(),
    });
  }
  const kinds = kindsIn(head);
  const variable = kind === 'file' ? '\nif VAULT_KEY_FILE is set, unset it first' : '';
  return new VaultError(
    'key_missing',
    `this machine uses the key source ${kind}, but this vault has no master key there; its keys are in: ${kinds.join(', ')}`,
    {
      hint: `${kinds.map(useCommand).join('\n')}${variable}`,
      details: { key_source: kind, vault_has: kinds },
    },
  );
}

/** Names the other keys of the vault, which are never tried by themselves. */
export function withOtherSources(failure: unknown, head: VaultHead, kind: KeySourceKind): unknown {
  if (!isKeyFailure(failure)) return failure;
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
  // A machine without a desktop will not have a keychain later either.
  return [
    `to use a key file instead, run once where the keychain works: ${command('key add file')}`,
    `and then: ${command('key use file')}`,
  ];
}

function kindsIn({ masterKeys }: VaultHead): readonly string[] {
  return [...new Set(masterKeys.map(({ source }) => source))];
}

/**
 * The error for a vault that was used here and whose database is gone, because a disk that is not mounted must not look like
 * "not logged in". When database and marks are in one folder and vanish together, nothing can be noticed.
 *
 * @returns null where there is a vault, or never was one
 */
export function vanishedVault(
  { database, marks }: Pick<Paths, 'database' | 'marks'>,
  fs: Pick<ReadOnlyFs, 'info' | 'names'>,
): VaultError | null {
  // The order matters: a new vault has its unfinished file before its mark, and its final name before the unfinished file is
  // removed.
  if (!fs.names(marks).some((name) => MARK.test(name))) return null;
  if (fs.info(`${database}.new`) !== null || fs.info(database) !== null) return null;
  return new VaultError(
    'vault_damaged',
    `a vault was used here, as its mark in ${marks} shows, but ${database} does not exist`,
    {
      hint: [
        'if the vault is on a disk that is not mounted, mount the disk; otherwise restore a backup:',
        command('restore FILE'),
        'if you deleted the vault on purpose, create a new vault:',
        command('init'),
      ].join('\n'),
    },
  );
}
