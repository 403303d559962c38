import { dirname } from 'node:path';
import { VaultError } from '../domain/errors.js';
import { inQuotes } from '../domain/safe-text.js';
import type { Files } from '../system/contract.js';

/**
 * A file that a person names is made in a folder of theirs, which is never made for them: a name that was mistyped would
 * become one. Called before anything is asked or worked out for the file.
 *
 * @param file absolute
 * @throws VaultError `vault_not_writable` when its folder does not exist
 */
export function refuseWithoutFolder(files: Pick<Files, 'exists'>, file: string): void {
  const folder = dirname(file);
  if (files.exists(folder)) return;
  throw new VaultError('vault_not_writable', `${file} cannot be made: the folder ${folder} is not there`, {
    hint: `mkdir -p ${inQuotes(folder)}`,
  });
}
