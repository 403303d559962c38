import { dirname } from 'node:path';
import { orElse, VaultError } from '../domain/errors.js';
import { inQuotes } from '../domain/safe-text.js';
import type { Files } from '../system/contract.js';

/** Whether a folder has this name; one that other users can change is not looked into. */
export function isFolder(files: Pick<Files, 'exists'>, path: string): boolean {
  return orElse(() => files.exists(`${path}/.`), false);
}

/**
 * Refuses a file named by the user whose folder does not exist. The folder is not created, because it may be a mistyped
 * name. Called before the user is asked anything.
 *
 * @param file absolute
 * @throws VaultError `vault_not_writable` when its folder does not exist
 */
export function refuseWithoutFolder(files: Pick<Files, 'exists'>, file: string): void {
  const folder = dirname(file);
  if (files.exists(folder)) return;
  throw new VaultError(
    'vault_not_writable',
    `${file} cannot be created: the folder ${folder} does not exist`,
    {
      hint: `mkdir -p ${inQuotes(folder)}`,
    },
  );
}
