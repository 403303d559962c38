import { isAbsolute } from 'node:path';
import { notKnown } from '../domain/closest.js';
import { MINUTE, SECOND } from '../domain/duration.js';
import { parseDuration } from '../domain/duration-text.js';
import { VaultError } from '../domain/errors.js';
import { quoted } from '../domain/safe-text.js';
import type { KeySourceKind, KeySourceSetting } from '../keysources/contract.js';
import { changedConfigJson, isObject, parseConfigJson, programAndArguments } from './config-json.js';

/** A file name in systemd's credentials folder; systemd forbids names that lead out of it. */
const CREDENTIAL_NAME = /^(?!\.{1,2}$)[\w.@:-]{1,120}$/;
const SHORTEST = SECOND;
const LONGEST = 10 * MINUTE;

/** `keySource` of `config.json`; null when it is not set. @throws VaultError `config_invalid` */
export function readKeySource(text: string | null, file = 'config.json'): KeySourceSetting | null {
  return text === null ? null : keySourceIn(parseConfigJson(text, file), file);
}

/** As {@link readKeySource}, from the parsed file. */
export function keySourceIn(
  config: Readonly<Record<string, unknown>>,
  file: string,
): KeySourceSetting | null {
  if (!Object.hasOwn(config, 'keySource')) return null;
  const given = config['keySource'];
  const value = typeof given === 'string' ? { kind: given } : given;
  if (!isObject(value)) throw wrong(file, 'keySource must be a string or an object');
  const { kind } = value;
  if (typeof kind !== 'string' || !Object.hasOwn(READERS, kind)) {
    const known = Object.keys(READERS).map((name) => `"${name}"`);
    throw wrong(file, `keySource.kind must be ${known.slice(0, -1).join(', ')} or ${known.at(-1)}`);
  }
  const reader = READERS[kind as KeySourceKind];
  const allowed = ['kind', ...reader.members];
  const unknown = Object.keys(value).find((key) => !allowed.includes(key));
  if (unknown !== undefined) {
    throw wrong(file, `keySource.${unknown.slice(0, 40)} ${notKnown(unknown, allowed)}`);
  }
  return reader.read(value, (what) => wrong(file, `keySource.${what}`));
}

/**
 * The text of `config.json` with another key source; all other members stay.
 *
 * @param text null when there is no such file yet
 * @throws VaultError `config_invalid` when the text is not a JSON object
 */
export function withKeySource(
  text: string | null,
  keySource: KeySourceSetting,
  file = 'config.json',
): string {
  return changedConfigJson(text, file, (config) => ({ ...config, keySource: written(keySource) }));
}

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
      command: programAndArguments(value['command'], (what) => wrong(`command ${what}`)),
      timeout: timeoutIn(value['timeout'] ?? null, wrong),
    }),
  },
  passphrase: {
    members: ['file'],
    read: (value, wrong) => ({ kind: 'passphrase', file: absolutePath(value, 'file', wrong) }),
  },
};

/** In the order in which they are shown. */
export const KEY_SOURCE_KINDS = Object.keys(READERS) as KeySourceKind[];

function absolutePath(value: Value, member: string, wrong: Wrong): string | null {
  const path = value[member] ?? null;
  if (path === null || (typeof path === 'string' && isAbsolute(path) && !path.includes('\0'))) return path;
  throw wrong(`${member} must be an absolute path`);
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

/**
 * The key source of this machine: `VAULT_KEY_FILE` overrides the configuration, and the keychain is used where neither is set.
 *
 * @param text of `config.json`; null when there is none
 * @returns also what decides: `VAULT_KEY_FILE`, the path of `config.json`, or null for the default
 * @throws VaultError `config_invalid`
 */
export function currentKeySource(
  env: Readonly<Record<string, string | undefined>>,
  text: string | null,
  configFile: string,
): { readonly setting: KeySourceSetting; readonly decidedBy: string | null } {
  const path = keyFileFromEnv(env);
  if (path !== null) return { setting: { kind: 'file', path }, decidedBy: 'VAULT_KEY_FILE' };
  const setting = readKeySource(text, configFile);
  return { setting: setting ?? { kind: 'keychain' }, decidedBy: setting && configFile };
}

/** The path in `VAULT_KEY_FILE`; null when it is not set. @throws VaultError `config_invalid` */
export function keyFileFromEnv(env: Readonly<Record<string, string | undefined>>): string | null {
  const path = env['VAULT_KEY_FILE'] ?? '';
  if (path === '') return null;
  if (isAbsolute(path)) return path;
  throw new VaultError('config_invalid', 'VAULT_KEY_FILE must be an absolute path', {
    hint: 'for example: export VAULT_KEY_FILE="$HOME/vault.key"',
  });
}

/** The default setting of a kind of source; null where there is none, and for a kind of a newer version. */
export function defaultSetting(kind: string): KeySourceSetting | null {
  return Object.hasOwn(DEFAULTS, kind) ? DEFAULTS[kind as KeySourceKind] : null;
}

const DEFAULTS: Readonly<Record<KeySourceKind, KeySourceSetting | null>> = {
  keychain: { kind: 'keychain' },
  file: { kind: 'file', path: null },
  credential: { kind: 'credential', name: null },
  command: null,
  passphrase: { kind: 'passphrase', file: null },
};
