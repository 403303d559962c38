import { loadSettings, type SettingsSources } from '../config/settings.js';
import { catalogue } from '../providers/index.js';
import type { Host, Paths } from '../system/contract.js';
import { readOnlyFiles } from '../system/files/read-only.js';

interface SettingsFiles {
  readonly host: Host;
  readonly paths: Paths;
  /** An `.env` to read instead of the one in the configuration folder. */
  readonly envFile: string | null;
  /** Reads a private file; null when there is none. */
  readonly readText: (path: string) => string | null;
  /** Of a file, in bytes. */
  readonly limit: number;
}

/**
 * @param config instead of the text of config.json; null: as if there were no such file
 * @throws VaultError `config_invalid`
 */
export function settingsFrom(
  { host, limit, readText: read, ...rest }: SettingsFiles,
  config?: string | null,
): SettingsSources {
  const { configFile } = rest.paths;
  const readText = (path: string) => (path === configFile && config !== undefined ? config : read(path));
  const readPublic = (path: string) => readOnlyFiles(host.uid).read(path, limit)?.toString('utf8') ?? null;
  return loadSettings({ ...rest, readText, env: host.env, catalogue, readPublic });
}
