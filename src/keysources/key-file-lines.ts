import { VaultError } from '../domain/errors.js';
import type { Files } from '../system/contract.js';
import { decodeKey, encodeKey } from './contract.js';

/** A larger file is refused. */
export const LIMIT = 4096;

/** @returns null where there is no file @throws VaultError `key_wrong`, `vault_permissions` */
export function readLines(path: string, place: string, files: Files): readonly KeyLine[] | null {
  const content = readSmall(path, place, files);
  if (content === null) return null;
  const lines = readKeyLines(content.toString('latin1'), place);
  content.fill(0);
  return lines;
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
export interface KeyLine {
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

export function writeKeyLines(lines: readonly KeyLine[]): string {
  return lines
    .map(({ reference, key }) => `${encodeKey(key)}${reference === null ? '' : ` ${reference}`}\n`)
    .join('');
}
