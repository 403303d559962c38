import { isAbsolute } from 'node:path';
import { VaultError } from '../domain/errors.js';
import { quoted } from '../domain/safe-text.js';
import { parseConfigJson } from './json.js';

/**
 * Reads only `notify` of `config.json`, and nothing that needs a library: it is looked at after every failure.
 *
 * @param text null when there is no such file
 * @param file how the file is called in errors
 * @returns a program and its arguments; null when it is not set
 * @throws VaultError `config_invalid`
 */
export function readNotify(text: string | null, file: string): readonly string[] | null {
  return text === null ? null : notifyIn(parseConfigJson(text, file), file);
}

/** As {@link readNotify}, of a file that is parsed already. Values are not quoted: they may be secrets in the wrong place. */
export function notifyIn(config: Readonly<Record<string, unknown>>, file: string): readonly string[] | null {
  if (!Object.hasOwn(config, 'notify')) return null;
  const given = config['notify'];
  if (!Array.isArray(given)) throw wrong(file, 'must be a list of texts: a program and its arguments');
  if (!given.every(isText)) throw wrong(file, 'must hold nothing but texts');
  const [program] = given;
  if (program === undefined || program === '') throw wrong(file, 'must not be empty');
  // What is looked for in the current directory would be whatever somebody has put there.
  if (/[/\\]/.test(program) && !isAbsolute(program))
    throw wrong(file, 'must begin with the name of a program or with its absolute path');
  return given;
}

function isText(word: unknown): word is string {
  return typeof word === 'string' && !word.includes('\0');
}

function wrong(file: string, what: string): VaultError {
  return new VaultError('config_invalid', `${file}: notify ${what}`, {
    hint: `correct notify in ${quoted(file)}, for example: "notify": ["/usr/local/bin/tell-me"]`,
    details: { path: 'notify' },
  });
}
