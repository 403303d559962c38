import { delimiter, isAbsolute } from 'node:path';

/** Where the system looks when nothing is said: execvp(3). */
const USUAL = '/usr/bin:/bin';

/**
 * The environment without the parts of PATH that lead elsewhere from each folder: `.`, an empty one, `bin`. A program that is
 * started by its bare name must not be one that lies in the current directory.
 */
export function withAbsolutePath<E extends Readonly<Record<string, string | undefined>>>(env: E): E {
  const { PATH } = env;
  if (PATH === undefined) return env;
  const parts = PATH.split(delimiter).filter((part) => isAbsolute(part));
  return { ...env, PATH: parts.length > 0 ? parts.join(delimiter) : USUAL };
}
