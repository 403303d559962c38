import { join } from 'node:path';
import type { Host } from './contract.js';
import { readOnlyFs } from './files/read-only.js';
import { DEFAULT_PROFILE, isProfileName, resolvePaths } from './paths.js';

/** The names of the profiles that have a folder, sorted. @throws VaultError `config_invalid` */
export function profileNames({ env, platform }: Pick<Host, 'env' | 'platform'>): readonly string[] {
  const { VAULT_PROFILE: _, ...own } = env;
  const { data, config } = resolvePaths({ env: own, platform }, null);
  const folders = [data, config].map((root) => join(root, 'profiles'));
  const names = folders.flatMap((folder) => readOnlyFs.names(folder));
  return [...new Set(names.filter((name) => isProfileName(name) && name !== DEFAULT_PROFILE))].sort();
}
