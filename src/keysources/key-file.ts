import { dirname } from 'node:path';
import { VaultError } from '../domain/errors.js';
import type { Files } from '../system/contract.js';
import type { StoringKeySource } from './contract.js';
import { decodeKey, encodeKey } from './encoding.js';

const LIMIT = 4096;

/**
 * A file of mode 0600 with the master key in base64url: for cron, servers and containers. Whoever can read both this
 * file and the vault can read the tokens, so keep it out of the backup the vault is in.
 *
 * @param path absolute
 * @param own the path of the key file that is this vault's alone; others may serve several vaults
 */
export function keyFileSource(path: string, files: Files, own: string | null = null): StoringKeySource {
  const place = `key file ${path}`;
  return {
    kind: 'file',
    keys: 'stored',
    setting: { kind: 'file', path: path === own ? null : path },
    place,
    path,
    async load() {
      const content = readSmall(path, place, files);
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
      const content = Buffer.from(`${encodeKey(key)}\n`, 'latin1');
      const folder = dirname(path);
      // A folder that is there is its owner's business: the file may be asked for in a home folder or in /etc.
      if (!files.exists(folder)) files.ensureFolder(folder);
      const created = files.create(path, content);
      content.fill(0);
      if (!created) {
        throw new VaultError('vault_exists', `the ${place} is there already, and a key is never replaced`, {
          hint: 'nothing was changed; try again, or name another file with VAULT_KEY_FILE',
        });
      }
    },
    async remove() {
      if (path !== own || !files.exists(path)) return false;
      files.remove(path);
      return true;
    },
  };
}

/** What is larger than any key file is none, whatever it is. */
function readSmall(path: string, place: string, files: Files): Buffer | null {
  try {
    return files.read(path, LIMIT);
  } catch (failure) {
    if (!(failure instanceof VaultError) || failure.code !== 'config_invalid') throw failure;
    throw new VaultError('key_wrong', `the ${place} does not hold a master key: it is larger than one`, {
      hint: 'put the right key back; it looks like 43 letters, digits, dashes and underscores',
    });
  }
}
