import { isAbsolute } from 'node:path';
import { VaultError } from '../domain/errors.js';
import { type KeySourceSetting, readKeySource } from './key-source.js';

/**
 * The key source that this machine uses: `VAULT_KEY_FILE` goes before the configuration, and the keychain is what is used
 * where neither says anything.
 *
 * @param text of `config.json`; null when there is none
 * @throws VaultError `config_invalid`
 */
export function keySourceInForce(
  env: Readonly<Record<string, string | undefined>>,
  text: string | null,
  file: string,
): KeySourceSetting {
  const path = keyFileFromEnv(env);
  return path === null ? (readKeySource(text, file) ?? { kind: 'keychain' }) : { kind: 'file', path };
}

/** The key file that `VAULT_KEY_FILE` names; null when it names none. @throws VaultError `config_invalid` */
export function keyFileFromEnv(env: Readonly<Record<string, string | undefined>>): string | null {
  const path = env['VAULT_KEY_FILE'] ?? '';
  if (path === '') return null;
  if (isAbsolute(path)) return path;
  throw new VaultError('config_invalid', 'VAULT_KEY_FILE must be an absolute path', {
    hint: 'for example: export VAULT_KEY_FILE="$HOME/vault.key"',
  });
}

/** Where the key of a kind of source is by default; null for a source that is nowhere until somebody says where. */
export function usualSetting(kind: string): KeySourceSetting | null {
  switch (kind) {
    case 'keychain':
      return { kind };
    case 'file':
      return { kind, path: null };
    case 'credential':
      return { kind, name: null };
    case 'passphrase':
      return { kind, file: null };
    default:
      return null;
  }
}
