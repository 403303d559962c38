import { join } from 'node:path';
import { VaultError } from '../domain/errors.js';
import type { Files, Paths } from '../system/contract.js';

const LIMIT = 200;

/**
 * Whether something is to be said for the first time, by any command. What was said is kept in a file for each topic; where that
 * cannot be written, it is said again.
 *
 * @param topic a file name
 * @param state of which it is said; another one is said again
 */
export function firstTime(
  { files, paths }: { readonly files: Files; readonly paths: Pick<Paths, 'state'> },
  topic: string,
  state: string,
): boolean {
  const folder = join(paths.state, 'said');
  const path = join(folder, topic);
  try {
    if (files.read(path, LIMIT)?.toString('utf8') === state) return false;
    files.ensureFolder(folder);
    files.replace(path, Buffer.from(state, 'utf8'));
  } catch (failure) {
    if (!(failure instanceof VaultError)) throw failure;
  }
  return true;
}
