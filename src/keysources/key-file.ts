import { dirname } from 'node:path';
import { VaultError } from '../domain/errors.js';
import { command } from '../domain/hints.js';
import type { Files } from '../system/contract.js';
import { decodeKey, encodeKey, type StoringKeySource } from './contract.js';

const LIMIT = 4096;

/**
 * A file of mode 0600 with the master key in base64url: for cron, servers and containers. This file and the vault together give the
 * tokens, so keep them in separate backups. While a key is being replaced, the new one is in a second line, with its reference.
 *
 * @param path absolute
 * @param own the path of this vault's own key file; other files may serve several vaults
 */
export function keyFileSource(path: string, files: Files, own: string | null = null): StoringKeySource {
  const place = `key file ${path}`;

  function readLines(): readonly KeyLine[] | null {
    const content = readSmall(path, place, files);
    if (content === null) return null;
    const lines = readKeyLines(content.toString('latin1'), place);
    content.fill(0);
    return lines;
  }

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

  const source: StoringKeySource = {
    kind: 'file',
    keys: 'stored',
    setting: { kind: 'file', path: path === own ? null : path },
    place,
    path,
    async load(reference) {
      const lines = readLines();
      if (lines === null) {
        throw new VaultError('key_missing', `the ${place} does not exist`, {
          hint: 'restore it from your own copy, or name another one with VAULT_KEY_FILE; a new key would not open this vault',
        });
      }
      return keyNamed(lines, reference, place);
    },
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
      const lines = readLines();
      if (lines === null) return source.create(reference, key);
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
      const lines = readLines() ?? [];
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
      const lines = readLines();
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
  return source;
}

function full(place: string): VaultError {
  return new VaultError('vault_not_writable', `the ${place} has no space for another key`, {
    hint: `delete the lines of unused keys; to see the one in use: ${command('key status --json')}`,
  });
}

function readSmall(path: string, place: string, files: Files): Buffer | null {
  try {
    return files.read(path, LIMIT);
  } catch (failure) {
    if (!(failure instanceof VaultError) || failure.code !== 'config_invalid') throw failure;
    throw new VaultError('key_wrong', `the ${place} does not contain a master key: it is too large`, {
      hint: 'restore the right key: 43 letters, digits, dashes and underscores',
    });
  }
}

/**
 * A line of a key file. The first key may serve every vault; while a key is being replaced, or when vaults share the file, keys of
 * single vaults follow, each with a space and its reference.
 */
interface KeyLine {
  /** Null: it serves every vault. */
  readonly reference: string | null;
  readonly key: Buffer;
}

const REFERENCE = /^[0-9a-f]{32}\/master\/[1-9]\d{0,8}$/;

/**
 * @param place for the error
 * @throws VaultError `key_wrong`
 */
function readKeyLines(text: string, place: string): readonly KeyLine[] {
  const rows = text.trim().split(/\r?\n/);
  return rows.map((row, index) => {
    const [key = '', reference = null, ...more] = row.trim().split(' ');
    const named = reference !== null && REFERENCE.test(reference) && more.length === 0;
    // Another line is decoded as a whole, and fails: text that contains a key is not a key file.
    return { reference, key: decodeKey(named || (index === 0 && reference === null) ? key : row, place) };
  });
}

function writeKeyLines(lines: readonly KeyLine[]): string {
  return lines
    .map(({ reference, key }) => `${encodeKey(key)}${reference === null ? '' : ` ${reference}`}\n`)
    .join('');
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
