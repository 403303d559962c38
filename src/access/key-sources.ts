import { isAbsolute } from 'node:path';
import { lazily, once } from '../domain/async.js';
import type { KeySource } from '../keysources/contract.js';
import { keyFileSource } from '../keysources/key-file.js';
import { keyMemory } from '../keysources/key-memory.js';
import type { Host } from '../system/contract.js';
import type { KeySources, KeySourcesParts } from './key-sources-rest.js';

/** The key sources of this machine. All but the key file in use are loaded when they are needed. */
export function createKeySources(parts: KeySourcesParts): KeySources {
  const { host, paths, files, readText } = parts;
  const memory = keyMemory();
  if (parts.loaded !== null) memory.keep(parts.loaded);
  const all = once(async () => (await import('./key-sources-rest.js')).keySources(parts, memory));

  return {
    async current(): Promise<KeySource> {
      const path = plainKeyFile(host.env, readText(paths.configFile), paths.keyFile);
      if (path === null) return (await all()).current();
      return memory.around(keyFileSource(path, files, paths.keyFile));
    },
    ...lazily(all, ['decidedBy', 'chosen', 'usual', 'storing', 'remember', 'readBack', 'recoveryPassphrase']),
    forget: memory.forget,
  };
}

/**
 * The path of the key file, where environment and configuration name one in the shortest form.
 *
 * @param text of `config.json`; null when there is none
 * @param own the key file of this vault
 * @returns null for everything else, a mistake too: `config/key-source.ts` decides and explains
 */
export function plainKeyFile(env: Host['env'], text: string | null, own: string): string | null {
  const named = env['VAULT_KEY_FILE'];
  if (named) return isAbsolute(named) ? named : null;
  try {
    const config: Readonly<Record<string, unknown>> | null = JSON.parse(text ?? 'null');
    const given = config?.['keySource'];
    const { kind, path = null, ...more } = typeof given === 'string' ? { kind: given } : Object(given);
    if (kind !== 'file' || Object.keys(more).length > 0) return null;
    if (path === null) return own;
    return typeof path === 'string' && isAbsolute(path) && !path.includes('\0') ? path : null;
  } catch {
    return null;
  }
}
