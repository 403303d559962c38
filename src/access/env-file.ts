import { parseEnv } from 'node:util';
import { refuseEnvironmentOnly } from '../config/variables.js';
import type { Host } from '../system/contract.js';
import { readOnlyFiles } from '../system/files/read-only.js';

const LIMIT = 1024 * 1024;

/**
 * Refuses a file named with `--env-file` that would lead to another vault or another Node. Node also reads `--env-file` from a
 * script's arguments and has obeyed the file before this program begins (its NODE_OPTIONS, in some versions all of it), so this
 * is checked whether or not the command needs the file. Nothing is changed: `vault doctor` does this too. A file that is missing
 * is reported by the command that needs it.
 *
 * @throws VaultError `config_invalid`, and `vault_permissions` when it is not a regular file of this user
 */
export function refuseLeadingEnvFile({ uid }: Pick<Host, 'uid'>, path: string): void {
  const text = readOnlyFiles(uid).read(path, LIMIT)?.toString('utf8');
  if (text !== undefined) refuseEnvironmentOnly(parseEnv(text), path);
}
