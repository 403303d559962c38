import { VaultError } from '../domain/errors.js';
import { decodeKey, encodeKey } from './encoding.js';

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
