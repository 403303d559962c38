import { parseEnv } from 'node:util';
import { refuseEnvironmentOnly } from '../config/env-file.js';
import type { Host } from '../system/contract.js';
import { readOnlyFiles } from '../system/files/read-only.js';

const LIMIT = 1024 * 1024;

/**
 * Refuses a file named with `--settings` that would lead to another vault, whether or not the command reads its settings:
 * the tokens of the usual vault would be taken for those of the other. Nothing is changed: `vault doctor` does this too. A
 * file that is missing is reported by the command that needs it.
 *
 * @throws VaultError `config_invalid`, and `vault_permissions` when it is not a regular file of this user
 */
export function refuseLeadingSettings({ uid }: Pick<Host, 'uid'>, path: string): void {
  const text = readOnlyFiles(uid).read(path, LIMIT)?.toString('utf8');
  if (text !== undefined) refuseEnvironmentOnly(parseEnv(text), path);
}
