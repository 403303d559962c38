import { isAbsolute } from 'node:path';
import { MINUTE, parseDuration, SECOND } from '../domain/duration.js';
import { VaultError } from '../domain/errors.js';
import { quoted } from '../domain/safe-text.js';
import type { KeySourceKind, KeySourceSetting } from '../keysources/contract.js';
import { isObject, parseConfigJson } from './json.js';

export type { KeySourceSetting };

/** A file in the credentials folder of systemd, which forbids everything that could lead out of it. */
const CREDENTIAL_NAME = /^(?!\.{1,2}$)[\w.@:-]{1,120}$/;
const SHORTEST = SECOND;
const LONGEST = 10 * MINUTE;

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
  const { kind } = value;
  if (typeof kind !== 'string' || !Object.hasOwn(READERS, kind)) {
    const known = Object.keys(READERS).map((name) => `"${name}"`);
    throw wrong(file, `keySource.kind must be ${known.slice(0, -1).join(', ')} or ${known.at(-1)}`);
  }
  const reader = READERS[kind as KeySourceKind];
  const allowed = ['kind', ...reader.members];
  const unknown = Object.keys(value).find((key) => !allowed.includes(key));
  if (unknown !== undefined) {
    throw wrong(file, `keySource.${unknown.slice(0, 40)} is not known; allowed there: ${allowed.join(', ')}`);
  }
  return reader.read(value, (what) => wrong(file, `keySource.${what}`));
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
  const indentation = /^\s*\{\r?\n([ \t]+)"/.exec(text ?? '')?.[1] ?? '  ';
  return `${JSON.stringify({ ...config, keySource: written(keySource) }, null, indentation)}\n`;
}

/** @returns what is set, and nothing that is as usual */
function written(setting: KeySourceSetting): Readonly<Record<string, unknown>> {
  const set = Object.entries(setting).filter(([, value]) => value !== null);
  const entries = set.map(([name, value]) => [name, name === 'timeout' ? `${value / SECOND}s` : value]);
  return Object.fromEntries(entries);
}

type Value = Readonly<Record<string, unknown>>;
type Wrong = (what: string) => VaultError;
interface Reader {
  readonly members: readonly string[];
  read(value: Value, wrong: Wrong): KeySourceSetting;
}

const READERS: Readonly<Record<KeySourceKind, Reader>> = {
  keychain: { members: [], read: () => ({ kind: 'keychain' }) },
  file: {
    members: ['path'],
    read: (value, wrong) => ({ kind: 'file', path: absolutePath(value, 'path', wrong) }),
  },
  credential: {
    members: ['name'],
    read(value, wrong) {
      const name = value['name'] ?? null;
      if (name === null) return { kind: 'credential', name };
      if (typeof name === 'string' && CREDENTIAL_NAME.test(name)) return { kind: 'credential', name };
      throw wrong('name must be the name of a credential, without a slash');
    },
  },
  command: {
    members: ['command', 'timeout'],
    read: (value, wrong) => ({
      kind: 'command',
      command: programAndArguments(value['command'], wrong),
      timeout: timeoutIn(value['timeout'] ?? null, wrong),
    }),
  },
  passphrase: {
    members: ['file'],
    read: (value, wrong) => ({ kind: 'passphrase', file: absolutePath(value, 'file', wrong) }),
  },
};

function absolutePath(value: Value, member: string, wrong: Wrong): string | null {
  const path = value[member] ?? null;
  if (path === null || (typeof path === 'string' && isAbsolute(path) && !path.includes('\0'))) return path;
  throw wrong(`${member} must be an absolute path`);
}

/** A program that is found through the current directory would be whatever somebody has put there. */
function programAndArguments(command: unknown, wrong: Wrong): readonly string[] {
  const isText = (word: unknown): word is string => typeof word === 'string' && !word.includes('\0');
  if (!Array.isArray(command) || !command.every(isText) || !command[0]) {
    throw wrong('command must be a list of texts: a program and its arguments');
  }
  if (/[/\\]/.test(command[0]) && !isAbsolute(command[0])) {
    throw wrong('command must begin with the name of a program or with its absolute path');
  }
  return command;
}

function timeoutIn(timeout: unknown, wrong: Wrong): number | null {
  if (timeout === null) return null;
  try {
    const milliseconds = typeof timeout === 'string' ? parseDuration(timeout, 'timeout') : Number.NaN;
    if (milliseconds >= SHORTEST && milliseconds <= LONGEST) return milliseconds;
  } catch {}
  throw wrong('timeout must be a duration from 1s to 10m');
}

function wrong(file: string, what: string): VaultError {
  return new VaultError('config_invalid', `${file}: ${what}`, {
    hint: `in ${quoted(file)}, write "keySource": "keychain", or "keySource": { "kind": "file", "path": "/…/master.key" }, or "keySource": { "kind": "command", "command": ["pass", "show", "token-vault"] }`,
  });
}
