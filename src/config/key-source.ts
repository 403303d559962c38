import { isAbsolute } from 'node:path';
import { VaultError } from '../domain/errors.js';
import { isObject, parseConfigJson } from './json.js';

/** Where the master key is kept. A path of null means the default key file of the vault. */
export type KeySourceSetting =
  | { readonly kind: 'keychain' }
  | { readonly kind: 'file'; readonly path: string | null };

/**
 * Reads only `keySource` of `config.json`, and nothing that needs a library: it is wanted by every command, the
 * rest of the file by few.
 *
 * @param text null when there is no such file
 * @param file how the file is called in errors
 * @returns null when it is not set
 * @throws VaultError `config_invalid`
 */
export function readKeySource(text: string | null, file = 'config.json'): KeySourceSetting | null {
  return text === null ? null : keySourceIn(parseConfigJson(text, file), file);
}

/** As {@link readKeySource}, of a file that is parsed already. */
export function keySourceIn(
  config: Readonly<Record<string, unknown>>,
  file: string,
): KeySourceSetting | null {
  if (!Object.hasOwn(config, 'keySource')) return null;
  const given = config['keySource'];
  const value = typeof given === 'string' ? { kind: given } : given;
  if (!isObject(value)) throw wrong(file, 'keySource must be a text or an object');
  if (value['kind'] === 'keychain') return only(value, ['kind'], file, { kind: 'keychain' });
  if (value['kind'] === 'file') {
    const path = value['path'] ?? null;
    if (path !== null && (typeof path !== 'string' || !isAbsolute(path) || path.includes('\0'))) {
      throw wrong(file, 'keySource.path must be an absolute path');
    }
    return only(value, ['kind', 'path'], file, { kind: 'file', path });
  }
  throw wrong(file, 'keySource.kind must be "keychain" or "file"');
}

/**
 * The text of `config.json` with another key source in it; everything else in it stays.
 *
 * @param text null when there is no such file yet
 * @throws VaultError `config_invalid` when the text is not a JSON object: what cannot be read is not overwritten
 */
export function withKeySource(
  text: string | null,
  keySource: KeySourceSetting,
  file = 'config.json',
): string {
  const config = text === null || text.trim() === '' ? {} : parseConfigJson(text, file);
  const setting =
    keySource.kind === 'file' && keySource.path !== null
      ? { kind: keySource.kind, path: keySource.path }
      : { kind: keySource.kind };
  const indentation = /^\s*\{\r?\n([ \t]+)"/.exec(text ?? '')?.[1] ?? '  ';
  return `${JSON.stringify({ ...config, keySource: setting }, null, indentation)}\n`;
}

function only(
  value: Readonly<Record<string, unknown>>,
  known: readonly string[],
  file: string,
  setting: KeySourceSetting,
): KeySourceSetting {
  const unknown = Object.keys(value).find((key) => !known.includes(key));
  if (unknown === undefined) return setting;
  throw wrong(file, `keySource.${unknown.slice(0, 40)} is not known; allowed there: ${known.join(', ')}`);
}

function wrong(file: string, what: string): VaultError {
  return new VaultError('config_invalid', `${file}: ${what}`, {
    hint: `in ${file}, write "keySource": "keychain", or "keySource": { "kind": "file", "path": "/…/master.key" }`,
  });
}
