import { VaultError } from '../domain/errors.js';
import { command } from '../domain/hints.js';
import type { Paths } from '../system/contract.js';
import type { ReadOnlyFs } from '../system/files/read-only.js';

/** The name of a rollback mark. */
const MARK = /^[0-9a-f]{32}$/;

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
  // In this order: a vault that is being made has its unfinished file before its mark, and its final name before that is removed.
  if (!fs.names(marks).some((name) => MARK.test(name))) return null;
  if (fs.info(`${database}.new`) !== null || fs.info(database) !== null) return null;
  return new VaultError(
    'vault_damaged',
    `a vault was used here, as its mark in ${marks} shows, but ${database} does not exist`,
    {
      hint: [
        'if it is on a disk that is not mounted, mount it; else restore a backup:',
        command('restore FILE'),
        'or, if it was deleted on purpose, make a new one:',
        command('init'),
      ].join('\n'),
    },
  );
}
