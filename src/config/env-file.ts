import { parseEnv } from 'node:util';
import { VaultError } from '../domain/errors.js';
import { quoted } from '../domain/safe-text.js';
import { refuseEnvironmentOnly } from './variables.js';

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const LINE = /^(?:export\s+)?[A-Za-z_][A-Za-z0-9_]*\s*=/;

/**
 * Parses `.env`: `NAME=value` lines, `#` comments, quotes around values with `#` or outer spaces. Values may be secrets:
 * never print them.
 *
 * @param file its name in errors
 * @throws VaultError `config_invalid` with the number of a malformed line, which Node's parser would silently add to the
 *   next name; or with the names that can be set in the environment only
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

/** Node's parser drops a malformed line when no `=` follows. */
function lastLineIsLost(text: string): boolean {
  const last = text.trimEnd().split('\n').at(-1)?.trim() ?? '';
  return last !== '' && !last.startsWith('#') && !last.includes('=') && !/["'`]$/.test(last);
}

function lineOf(text: string): string {
  const lines = text.split('\n').map((line) => line.trim());
  const index = lines.findIndex((line) => line !== '' && !line.startsWith('#') && !LINE.test(line));
  return index === -1 ? '' : `, line ${index + 1}`;
}
