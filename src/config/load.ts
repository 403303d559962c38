import { VaultError } from '../domain/errors.js';
import { inQuotes } from '../domain/safe-text.js';
import type { ProviderCatalogue } from '../providers/contract.js';
import type { Paths } from '../system/contract.js';
import { parseConfigFile } from './config-file.js';
import { parseEnvFile } from './env-file.js';
import type { SettingsSources } from './settings.js';

export interface LoadOptions {
  readonly env: SettingsSources['env'];
  readonly paths: Pick<Paths, 'configFile' | 'envFile'>;
  /** An `.env` to read instead of the one in the configuration folder. */
  readonly envFile: string | null;
  readonly catalogue: ProviderCatalogue;
  /** The text of a private file; null when it does not exist. */
  readonly readText: (path: string) => string | null;
}

/** Reads all sources of settings. @throws VaultError `config_invalid`, `vault_permissions` */
export function loadSettings({ env, paths, envFile, catalogue, readText }: LoadOptions): SettingsSources {
  const envFilePath = envFile ?? paths.envFile;
  const envText = readText(envFilePath);
  if (envText === null && envFile !== null) {
    throw new VaultError('config_invalid', `the file given with --settings does not exist: ${envFile}`, {
      hint: `ls -l ${inQuotes(envFile)}`,
    });
  }
  return {
    env,
    envFile: envText === null ? {} : parseEnvFile(envText, envFilePath),
    config: parseConfigFile(readText(paths.configFile), paths.configFile),
    catalogue,
    envFilePath,
  };
}
