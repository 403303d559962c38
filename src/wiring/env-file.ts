import { parseEnv } from 'node:util';
import { refuseEnvironmentOnly } from '../config/environment-only.js';
import type { Host } from '../system/contract.js';
import { lookingFiles } from '../system/files/look.js';

/* How main.ts looks at the file that is named with `--env-file`, before anything else is. */

const LIMIT = 1024 * 1024;

/**
 * Node looks for `--env-file` among the arguments of a script as well, and has obeyed the file before this program
 * begins: its NODE_OPTIONS, and in some versions everything else in it. So nothing is done with a file that leads to
 * another vault or another Node, whether or not the command needs what the file is for.
 *
 * Nothing is changed, since this is done for `vault doctor` as well. One that is not there is left to whoever needs it.
 *
 * @throws VaultError `config_invalid`, and `vault_permissions` when it is not a regular file of this user
 */
export function refuseLeadingEnvFile({ uid }: Pick<Host, 'uid'>, path: string): void {
  const text = lookingFiles(uid).read(path, LIMIT)?.toString('utf8');
  if (text !== undefined) refuseEnvironmentOnly(parseEnv(text), path);
}
