import { dirname } from 'node:path';
import { VaultError } from '../domain/errors.js';
import type { Files } from '../system/contract.js';
import type { KeySource } from './contract.js';
import { decodeKey, encodeKey } from './encoding.js';

const LIMIT = 4096;

/**
 * A file of mode 0600 with the master key in base64url: for cron, servers and containers. Whoever can read both this
 * file and the vault can read the tokens, so keep it out of the backup the vault is in.
 *
 * @param path absolute
 */
export function keyFileSource(path: string, files: Files): KeySource {
  const place = `key file ${path}`;
  return {
    kind: 'file',
    place,
    path,
    async load() {
      const content = files.read(path, LIMIT);
      if (content === null) {
        throw new VaultError('key_missing', `the ${place} is not there`, {
          hint: 'put it back from your own copy, or name another with VAULT_KEY_FILE; a new key would not open this vault',
        });
      }
      const key = decodeKey(content.toString('latin1'), place);
      content.fill(0);
      return key;
    },
    async create(_reference, key) {
      files.ensureFolder(dirname(path));
      if (!files.create(path, Buffer.from(`${encodeKey(key)}\n`, 'latin1'))) {
        throw new VaultError('vault_exists', `the ${place} is there already`);
      }
    },
  };
}
