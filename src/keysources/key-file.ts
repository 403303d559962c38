import { lazily } from '../domain/async.js';
import { VaultError } from '../domain/errors.js';
import type { Files } from '../system/contract.js';
import type { StoringKeySource } from './contract.js';
import { type KeyLine, readLines } from './key-file-lines.js';

/**
 * A file of mode 0600 with the master key in base64url: for cron, servers and containers. This file opens the vault, so keep
 * the two in separate backups. While a key is being replaced, the new one is in a second line, with its reference.
 *
 * @param path absolute
 * @param own the path of this vault's own key file; other files may serve several vaults
 */
export function keyFileSource(path: string, files: Files, own: string | null = null): StoringKeySource {
  const place = `key file ${path}`;

  return {
    kind: 'file',
    keys: 'stored',
    setting: { kind: 'file', path: path === own ? null : path },
    place,
    path,
    async load(reference) {
      const lines = readLines(path, place, files);
      if (lines === null) {
        throw new VaultError('key_missing', `the ${place} does not exist`, {
          hint: 'restore it from your own copy, or name another key file with VAULT_KEY_FILE; a new key would not open this vault',
        });
      }
      return keyNamed(lines, reference, place);
    },
    ...lazily(
      async () => (await import('./key-file-changes.js')).keyFileChanges(path, place, files, own),
      ['create', 'createBeside', 'drop', 'remove'],
    ),
  };
}

/** Prefers the key with this reference, and wipes all others. @throws VaultError `key_missing` */
function keyNamed(lines: readonly KeyLine[], reference: string, place: string): Buffer {
  const found =
    lines.find((line) => line.reference === reference) ?? lines.find((line) => line.reference === null);
  for (const { key } of lines) if (key !== found?.key) key.fill(0);
  if (found !== undefined) return found.key;
  throw new VaultError('key_missing', `the ${place} has keys of other vaults, but not of this one`, {
    hint: 'restore the key of this vault, or name another file with VAULT_KEY_FILE',
  });
}
