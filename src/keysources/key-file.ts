import { dirname } from 'node:path';
import { VaultError } from '../domain/errors.js';
import type { Files } from '../system/contract.js';
import { decodeKey, encodeKey, type StoringKeySource } from './contract.js';

const LIMIT = 4096;

/**
 * A file of mode 0600 with the master key in base64url: for cron, servers and containers. Whoever can read both this
 * file and the vault can read the tokens, so keep it out of the backup the vault is in. While a key is being replaced the
 * new one stands in a second line, with its reference.
 *
 * @param path absolute
 * @param own the path of the key file that is this vault's alone; others may serve several vaults
 */
export function keyFileSource(path: string, files: Files, own: string | null = null): StoringKeySource {
  const place = `key file ${path}`;

  /** @returns null when it is not there */
  function readLines(): readonly KeyLine[] | null {
    const content = readSmall(path, place, files);
    if (content === null) return null;
    const lines = readKeyLines(content.toString('latin1'), place);
    content.fill(0);
    return lines;
  }

  /** Whole, in one step: whoever reads it meanwhile sees the old lines or the new ones, and no copy of either stays. */
  function replace(lines: readonly KeyLine[]): void {
    const content = Buffer.from(writeKeyLines(lines), 'latin1');
    files.removeLeftoverTemps(path);
    files.replace(path, content);
    content.fill(0);
  }

  /** With what was cut off while the file was written: a copy of the lines, in which the dropped key would stay. */
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
        throw new VaultError('key_missing', `the ${place} is not there`, {
          hint: 'put it back from your own copy, or name another with VAULT_KEY_FILE; a new key would not open this vault',
        });
      }
      return keyNamed(lines, reference, place);
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
    async createBeside(reference, key) {
      const lines = readLines();
      if (lines === null) return source.create(reference, key);
      if (lines.some((line) => line.reference === reference)) {
        throw new VaultError('vault_exists', `the ${place} holds a key under ${reference} already`, {
          hint: 'nothing was changed; try again',
        });
      }
      const more = [...lines, { reference, key }];
      // A file that were larger than a key file may be would not be read again.
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
      // The key that is kept may have no line under its reference: then it is the one without a reference.
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
  return new VaultError('vault_not_writable', `the ${place} has no room for one more key`, {
    hint: 'take out the lines with keys that no copy of the vault needs any more; which one this vault uses is in: vault key status --json',
  });
}

/** Reads the file, and refuses one that is too large for a key file. @returns null when it is not there */
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

/**
 * A key file: one key in base64url, which serves every vault that looks there; below it, while a key is being replaced or
 * where several vaults share the file, keys of single vaults, each followed by a space and its reference.
 */
export interface KeyLine {
  /** Null for the key that serves every vault. */
  readonly reference: string | null;
  readonly key: Buffer;
}

const REFERENCE = /^[0-9a-f]{32}\/master\/[1-9]\d{0,8}$/;

/**
 * @param place where it was read, for the error
 * @throws VaultError `key_wrong` when it is anything else
 */
export function readKeyLines(text: string, place: string): readonly KeyLine[] {
  const rows = text.trim().split(/\r?\n/);
  return rows.map((row, index) => {
    const [key = '', reference = null, ...more] = row.trim().split(' ');
    const named = reference !== null && REFERENCE.test(reference) && more.length === 0;
    // What is no line of ours is refused as a whole: a text with a key in it is not a key file.
    return { reference, key: decodeKey(named || (index === 0 && reference === null) ? key : row, place) };
  });
}

export function writeKeyLines(lines: readonly KeyLine[]): string {
  return lines
    .map(({ reference, key }) => `${encodeKey(key)}${reference === null ? '' : ` ${reference}`}\n`)
    .join('');
}

/**
 * The key under this reference, else the one that serves every vault. All others are wiped.
 *
 * @throws VaultError `key_missing` when there is neither
 */
export function keyNamed(lines: readonly KeyLine[], reference: string, place: string): Buffer {
  const found =
    lines.find((line) => line.reference === reference) ?? lines.find((line) => line.reference === null);
  for (const { key } of lines) if (key !== found?.key) key.fill(0);
  if (found !== undefined) return found.key;
  throw new VaultError('key_missing', `the ${place} holds keys of other vaults, and none for this one`, {
    hint: 'put the key of this vault back, or name another file with VAULT_KEY_FILE',
  });
}
