import { parseConfigFile } from '../../src/config/config-file.js';
import type { SettingsSources } from '../../src/config/settings.js';
import { catalogue } from '../../src/providers/index.js';

export const GOOGLE_ID = '123456789012-abc.apps.googleusercontent.com';
export const GUID = '11111111-2222-3333-4444-555555555555';

/** The places settings come from, with nothing set but what a test sets. */
export function sources(
  given: Partial<Pick<SettingsSources, 'env' | 'envFile' | 'readText' | 'readPublic'>> & {
    readonly config?: unknown;
  } = {},
): SettingsSources {
  return {
    env: given.env ?? {},
    envFile: given.envFile ?? {},
    config: parseConfigFile(JSON.stringify(given.config ?? {}), 'config.json'),
    catalogue,
    envFilePath: '/config/.env',
    readText: given.readText ?? (() => null),
    readPublic: given.readPublic ?? (() => null),
  };
}
