import { VaultError } from '../../domain/errors.js';
import type { Paths } from '../../system/contract.js';
import type { ReadOnlyFs } from '../../system/files/read-only.js';

/** As {@link Marks} are named. */
const MARK = /^[0-9a-f]{32}$/;
const BEGIN_ANEW = [
  'if it lies on a disk that is not mounted, mount it; else bring it back from a backup:',
  'vault restore FILE',
  'or, if it was deleted on purpose, begin anew:',
  'vault init',
].join('\n');

/**
 * Whether a vault was used here whose database is not there any more: a disk that is not mounted must not look as if nobody
 * had ever logged in. Where database and state lie in one folder, they go together, and nothing can be known.
 *
 * @returns what a command ends with then; null where there is a vault, or never was one
 */
export function vanishedVault(
  { database, marks }: Pick<Paths, 'database' | 'marks'>,
  look: Pick<ReadOnlyFs, 'at' | 'names'>,
): VaultError | null {
  // In this order: a vault that is being made has its unfinished file before its mark, and its name before that file goes.
  if (!look.names(marks).some((name) => MARK.test(name))) return null;
  if (look.at(`${database}.new`) !== null || look.at(database) !== null) return null;
  return new VaultError(
    'vault_damaged',
    `a vault was used here, as its mark in ${marks} says, and there is none at ${database}`,
    { hint: BEGIN_ANEW },
  );
}
