import { isDeepStrictEqual, parseEnv } from 'node:util';
import { VaultError } from '../domain/errors.js';
import { quoted } from '../domain/safe-text.js';

/*
 * Environment variables. What locates the vault and its key has to be known before any file is read, and some variables are
 * obeyed by other programs too, so none of them may be set in `.env`. Names are compared exactly, because a `.env` may
 * contain another program's VAULT_ADDR or NODE_ENV.
 */

/** Where the vault is and how to reach the network: an unattended job is given these. */
export const JOB_VARIABLES = [
  'HOME',
  'VAULT_HOME',
  'VAULT_KEY_FILE',
  'XDG_CONFIG_HOME',
  'XDG_DATA_HOME',
  'XDG_STATE_HOME',
  'NODE_EXTRA_CA_CERTS',
  'HTTPS_PROXY',
  'https_proxy',
  'HTTP_PROXY',
  'http_proxy',
  'NO_PROXY',
  'no_proxy',
] as const;

/** The path of the passphrase, never the passphrase itself. */
export const PASSPHRASE_FILE = 'VAULT_PASSPHRASE_FILE';

const ENVIRONMENT_ONLY: ReadonlySet<string> = new Set([
  ...JOB_VARIABLES,
  PASSPHRASE_FILE,
  'VAULT_PASSPHRASE_FD',
  'VAULT_PROFILE',
  'VAULT_ACCOUNT',
  'BROWSER',
  'NODE_COMPILE_CACHE',
  'NODE_DEBUG',
  'NODE_OPTIONS',
  'NODE_PATH',
  'NODE_TLS_REJECT_UNAUTHORIZED',
  'OPENSSL_CONF',
]);

/**
 * Refuses a `.env` that sets a variable which is read from the environment only and would be ignored.
 *
 * @param values as the file sets them; an empty value sets nothing
 * @param file its name in errors
 * @throws VaultError `config_invalid` with the names, never the values
 */
export function refuseEnvironmentOnly(
  values: Readonly<Record<string, string | undefined>>,
  file: string,
): void {
  const names = Object.keys(values)
    .filter((name) => values[name] && ENVIRONMENT_ONLY.has(name))
    .sort()
    .join(', ');
  if (names === '') return;
  throw new VaultError('config_invalid', `${file} sets ${names}, which can be set in the environment only`, {
    hint: `remove ${names} from that file and export the variable in the shell`,
  });
}

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

/**
 * The text of `.env` with other values for these variables. All other lines stay as they are.
 *
 * @param values null: the variable is not set any more
 * @param text null when there is no such file yet
 * @throws VaultError `config_invalid` when the text is invalid, or holds a value that cannot be changed line by line
 */
export function withVariables(
  text: string | null,
  values: Readonly<Record<string, string | null>>,
  file: string,
): string {
  const before = text === null ? {} : parseEnvFile(text, file);
  const lineEnd = text?.includes('\r\n') === true ? '\r\n' : '\n';
  let lines = (text ?? '').split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  for (const [name, value] of Object.entries(values)) {
    const sets = (line: string) => new RegExp(`^\\s*(?:export\\s+)?${name}\\s*=`).test(line);
    // The last one counts.
    const at = lines.findLastIndex(sets);
    if (value === null) lines = lines.filter((line) => !sets(line));
    else if (at === -1) lines.push(`${name}=${written(value)}`);
    else lines[at] = `${name}=${written(value)}`;
  }
  const after = lines.map((line) => `${line}${lineEnd}`).join('');
  const expected = Object.entries({ ...before, ...values }).filter(([, value]) => value !== null);
  const isWhole = Object.keys(values).every((name) => before[name]?.includes('\n') !== true);
  if (isWhole && isDeepStrictEqual(parseEnvFile(after, file), Object.fromEntries(expected))) return after;
  const names = Object.keys(values).join(' and ');
  throw new VaultError('config_invalid', `${file} has lines that are not safe to change automatically`, {
    hint: `write ${names} into ${quoted(file)} yourself`,
  });
}

/** In the quotes that the value needs. */
function written(value: string): string {
  const forms = [value, `"${value}"`, `'${value}'`, `\`${value}\``];
  return forms.find((form) => parseEnv(`X=${form}`)['X'] === value) ?? value;
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
