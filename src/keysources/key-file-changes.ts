import { dirname } from 'node:path';
import { VaultError } from '../domain/errors.js';
import { command } from '../domain/hints.js';
import type { Files } from '../system/contract.js';
import { encodeKey, type StoringKeySource } from './contract.js';
import { type KeyLine, LIMIT, readLines, writeKeyLines } from './key-file-lines.js';

/** What makes and deletes keys in a key file; see `keyFileSource`. @param place for errors */
export function keyFileChanges(path: string, place: string, files: Files, own: string | null) {
  /** Atomic, and leaves no copy of the old lines. */
  function replace(lines: readonly KeyLine[]): void {
    const content = Buffer.from(writeKeyLines(lines), 'latin1');
    files.removeLeftoverTemps(path);
    files.replace(path, content);
    content.fill(0);
  }

  /** With its temporary files, which may contain the key. */
  function removeFile(): void {
    files.removeLeftoverTemps(path);
    files.remove(path);
  }

  const changes: Pick<StoringKeySource, 'create' | 'createBeside' | 'drop' | 'remove'> = {
    async create(_reference, key) {
      const content = Buffer.from(`${encodeKey(key)}\n`, 'latin1');
      const folder = dirname(path);
      // The permissions of an existing folder are its owner's decision: it may be a home folder or /etc.
      if (!files.exists(folder)) files.ensureFolder(folder);
      const created = files.create(path, content);
      content.fill(0);
      if (!created) {
        throw new VaultError('vault_exists', `the ${place} already exists, and a key is never overwritten`, {
          hint: 'nothing was changed; try again, or name another file with VAULT_KEY_FILE',
        });
      }
    },
    async createBeside(reference, key) {
      const lines = readLines(path, place, files);
      if (lines === null) return changes.create(reference, key);
      if (lines.some((line) => line.reference === reference)) {
        throw new VaultError('vault_exists', `the ${place} already has a key under ${reference}`, {
          hint: 'nothing was changed; try again',
        });
      }
      const more = [...lines, { reference, key }];
      // A larger file would be refused when it is read.
      if (writeKeyLines(more).length > LIMIT) throw full(place);
      replace(more);
    },
    async drop(dropped, kept) {
      if (dropped === kept) return true;
      const lines = readLines(path, place, files) ?? [];
      const keeper = lines.find(({ reference }) => reference === kept);
      if (lines.some(({ reference }) => reference === dropped)) {
        const others = lines.filter(({ reference }) => reference !== dropped);
        if (others.length > 0 || path !== own) replace(others);
        else removeFile();
        return true;
      }
      // Without a line of its own, the kept key is the one without a reference.
      if (keeper === undefined) return true;
      if (path !== own) return !lines.some(({ reference }) => reference === null);
      replace([{ reference: null, key: keeper.key }]);
      return true;
    },
    async remove(reference) {
      const lines = readLines(path, place, files);
      if (lines === null) return false;
      const others = lines.filter((line) => line.reference !== reference);
      if (others.length < lines.length && others.length > 0) {
        replace(others);
        return true;
      }
      if (path !== own) return false;
      removeFile();
      return true;
    },
  };
  return changes;
}

function full(place: string): VaultError {
  return new VaultError('vault_not_writable', `the ${place} has no space for another key`, {
    hint: `delete the lines of unused keys; to see the one in use: ${command('key status --json')}`,
  });
}
