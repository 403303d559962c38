import type { Host, Paths } from '../system/contract.js';
import { readOnlyFs } from '../system/files/read-only.js';
import { DEFAULT_PROFILE, resolvePaths } from '../system/paths.js';
import { profileNames } from '../system/profiles.js';

export interface ProfileView {
  /** Null for the vault without a profile. */
  readonly name: string | null;
  /** What can be typed for it. */
  readonly title: string;
  readonly hasVault: boolean;
  readonly paths: Paths;
}

/** The vault without a profile, then the profiles by name. @throws VaultError `config_invalid` */
export function listProfiles(host: Pick<Host, 'env' | 'platform'>): readonly ProfileView[] {
  const { VAULT_PROFILE: _, ...env } = host.env;
  return [null, ...profileNames(host)].map((name) => {
    const paths = resolvePaths({ ...host, env }, name);
    return {
      name,
      title: name ?? DEFAULT_PROFILE,
      paths,
      hasVault: readOnlyFs.info(paths.database) !== null,
    };
  });
}
