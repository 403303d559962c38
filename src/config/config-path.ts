import { closest } from '../domain/closest.js';
import { VaultError } from '../domain/errors.js';
import { isObject } from './config-json.js';

/* Places in `config.json` as they are typed: `providers.work.issuer`. A name with dots is put in quotes. */

type Value = Readonly<Record<string, unknown>>;

export type ConfigPath = readonly [string, ...string[]];

/** @throws VaultError `usage` */
export function parseConfigPath(text: string): ConfigPath {
  const [first, ...rest] = (text.match(/"[^"]+"|[^."]+/g) ?? []).map((name) => name.replaceAll('"', ''));
  if (first !== undefined && /^(?:"[^"]+"|[^."]+)(?:\.(?:"[^"]+"|[^."]+))*$/.test(text))
    return [first, ...rest];
  throw new VaultError('usage', 'a setting is written as names with dots between them', {
    hint: 'for example: providers.work.issuer; put a name with dots in quotes: providers."my.idp".issuer',
  });
}

/** @throws VaultError `usage` where nothing is set there */
export function valueAt(config: Value, path: ConfigPath, file: string): unknown {
  let value: unknown = config;
  for (const [depth, name] of path.entries()) {
    const names = isObject(value) ? Object.keys(value) : [];
    if (!names.includes(name)) throw notSet(path.slice(0, depth + 1), names, file);
    value = (value as Value)[name];
  }
  return value;
}

function notSet(path: readonly string[], names: readonly string[], file: string): VaultError {
  const guess = closest(path.at(-1) ?? '', names);
  const hint = guess === null ? `set there: ${names.join(', ') || 'nothing'}` : `did you mean ${guess}?`;
  return new VaultError('usage', `${path.join('.')} is not set in ${file}`, { hint });
}

/** A copy with this value at this place; objects that are not there yet are made. @throws VaultError `usage` */
export function withValueAt(config: Value, [name, ...rest]: ConfigPath, value: unknown): Value {
  const [next, ...more] = rest;
  if (next === undefined) return { ...config, [name]: value };
  const inner = Object.hasOwn(config, name) ? config[name] : {};
  if (!isObject(inner)) throw new VaultError('usage', `${name} has no settings of its own`);
  return { ...config, [name]: withValueAt(inner, [next, ...more], value) };
}

/** A copy without this place. */
export function withoutValueAt(config: Value, [name, ...rest]: ConfigPath): Value {
  const [next, ...more] = rest;
  const { [name]: inner, ...others } = config;
  return next === undefined || !isObject(inner)
    ? others
    : { ...config, [name]: withoutValueAt(inner, [next, ...more]) };
}

/** A copy in which no client secret can be read. */
export function withoutSecrets(value: unknown): unknown {
  if (Array.isArray(value) || !isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name,
      name === CLIENT_SECRET ? '[redacted]' : withoutSecrets(inner),
    ]),
  );
}

export function holdsSecret(value: unknown): boolean {
  return (
    isObject(value) &&
    Object.entries(value).some(([name, inner]) => name === CLIENT_SECRET || holdsSecret(inner))
  );
}

export const CLIENT_SECRET = 'clientSecret';
