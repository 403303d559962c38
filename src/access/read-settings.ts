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

/** @throws VaultError `config_invalid` */
export function settingsFrom({ host, limit, ...rest }: SettingsFiles): SettingsSources {
  const readPublic = (path: string) => readOnlyFiles(host.uid).read(path, limit)?.toString('utf8') ?? null;
  return loadSettings({ ...rest, env: host.env, catalogue, readPublic });
}
