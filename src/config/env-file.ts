import { parseEnv } from 'node:util';
import { VaultError } from '../domain/errors.js';
import { quoted } from '../domain/safe-text.js';
import { refuseEnvironmentOnly } from './environment-only.js';

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const LINE = /^(?:export\s+)?[A-Za-z_][A-Za-z0-9_]*\s*=/;

/**
 * Reads the text of `.env`: `NAME=value` lines, `#` comments, quotes where a value holds `#` or spaces at its ends.
 * The file is found and its permissions are checked by the caller. Values may be secrets: never print them.
 *
 * @param file how the file is called in errors
 * @throws VaultError `config_invalid` naming the line that is none of these, since the parser of Node would silently
 *   take it for a part of the next name; or naming what can be set in the environment only
 */
export function parseEnvFile(text: string, file: string): Readonly<Record<string, string>> {
  const clean = text.replace(/^\uFEFF/, '').replace(/\r\n?/g, '\n');
  const values = Object.entries(parseEnv(clean)).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  if (values.some(([name]) => !NAME.test(name)) || lastLineIsLost(clean)) {
    throw new VaultError('config_invalid', `${file} has a line that is not NAME=value${lineOf(clean)}`, {
      hint: `correct ${quoted(file)}; comments begin with #`,
    });
  }
  const read = Object.fromEntries(values);
  refuseEnvironmentOnly(read, file);
  return read;
}

/** With no further `=` after it, Node's parser drops a line rather than joining it to the next name. */
function lastLineIsLost(text: string): boolean {
  const last = text.trimEnd().split('\n').at(-1)?.trim() ?? '';
  return last !== '' && !last.startsWith('#') && !last.includes('=') && !/["'`]$/.test(last);
}

function lineOf(text: string): string {
  const lines = text.split('\n').map((line) => line.trim());
  const index = lines.findIndex((line) => line !== '' && !line.startsWith('#') && !LINE.test(line));
  return index === -1 ? '' : `, line ${index + 1}`;
}
