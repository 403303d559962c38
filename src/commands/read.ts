import { parseDuration } from '../domain/duration.js';
import { VaultError } from '../domain/errors.js';
import { parseScopes } from '../domain/scopes.js';
import type { RawInput } from './contract.js';
import { optionKey } from './flags.js';

/*
 * What every parse() is made of. Options are named as a person types them, so that errors can say the same name.
 * An empty value is always refused: it is what an unset variable in a script leaves behind, and taking it for
 * "not given" would silently mean another account or another vault.
 */

/** Whether a flag without a value was given. */
export function given(raw: RawInput, option: string): boolean {
  return raw.options[optionKey(option)] === true;
}

/** Whether a flag such as `--no-browser` was given. */
export function denied(raw: RawInput, option: string): boolean {
  return raw.options[optionKey(option)] === false;
}

/** @throws VaultError `usage` when the value is empty */
export function text(raw: RawInput, option: string): string | null {
  const value = raw.options[optionKey(option)];
  return typeof value === 'string' ? notEmpty(value, option) : null;
}

/**
 * The scopes of all options of this name; each may hold several.
 *
 * @throws VaultError `usage` when one holds none, or something that is no scope
 */
export function scopes(raw: RawInput, option = '--scope'): string[] {
  const values = raw.options[optionKey(option)];
  const found = (Array.isArray(values) ? values : []).flatMap((value: string) => {
    const words = notEmpty(value, option).split(/[\s,]+/);
    const read = parseScopes(value) ?? [];
    if (words.some((word) => word !== '' && !read.includes(word)) || read.length === 0) {
      throw new VaultError(
        'usage',
        `${option} takes a scope as the provider writes it, without special characters`,
      );
    }
    return read;
  });
  return [...new Set(found)];
}

/** @returns milliseconds @throws VaultError `usage` */
export function duration(raw: RawInput, option: string, otherwise: number): number {
  const value = text(raw, option);
  return value === null ? otherwise : parseDuration(value, option);
}

/** @throws VaultError `usage` */
export function wholeNumber(raw: RawInput, option: string, least: number, most: number): number | null {
  const value = text(raw, option);
  if (value === null) return null;
  const number = /^\d{1,9}$/.test(value) ? Number(value) : Number.NaN;
  if (number >= least && number <= most) return number;
  throw new VaultError('usage', `${option} takes a whole number from ${least} to ${most}`);
}

/** @throws VaultError `usage` */
export function oneOf<T extends string>(raw: RawInput, option: string, choices: readonly T[]): T | null {
  const value = text(raw, option);
  const choice = choices.find((each) => each === value);
  if (value === null || choice !== undefined) return choice ?? null;
  throw new VaultError('usage', `${option} takes one of: ${choices.join(', ')}`);
}

/** The arguments. @throws VaultError `usage` when one is empty */
export function names(raw: RawInput, what: string): readonly string[] {
  return raw.args.map((argument) => notEmpty(argument, what));
}

/** The first argument, for commands that take one. @throws VaultError `usage` when it is empty */
export function firstName(raw: RawInput, what: string): string | null {
  return names(raw, what)[0] ?? null;
}

function notEmpty(value: string, what: string): string {
  if (value.trim() !== '') return value;
  throw new VaultError('usage', `${what} is empty`);
}
