import { isAbsolute } from 'node:path';
import { VaultError } from '../domain/errors.js';
import { command } from '../domain/hints.js';
import { quoted } from '../domain/safe-text.js';

/*
 * `config.json` without a library, for what every command reads. Errors name the place and never the value, which may be
 * a secret in the wrong place; `file` is the name of the file in them.
 */

/** @throws VaultError `config_invalid`; not with the parser's message, which quotes the text */
export function parseConfigJson(text: string, file: string): Readonly<Record<string, unknown>> {
  const value = parse(text.replace(/^\uFEFF/, ''), file);
  if (isObject(value)) return value;
  throw new VaultError('config_invalid', `${file} does not contain a JSON object`, {
    hint: `wrap the content of ${quoted(file)} in { and }`,
  });
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * The text of `config.json` after a change. What is not changed stays as it is, the indentation too.
 *
 * @param text null when there is no such file yet
 * @throws VaultError `config_invalid` when the text is not a JSON object: an unreadable file is not overwritten
 */
export function changedConfigJson(
  text: string | null,
  file: string,
  change: (config: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>,
): string {
  const config = text === null || text.trim() === '' ? {} : parseConfigJson(text, file);
  const indentation = /^\s*\{\r?\n([ \t]+)"/.exec(text ?? '')?.[1] ?? '  ';
  return `${JSON.stringify(change(config), null, indentation)}\n`;
}

function parse(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (failure) {
    throw new VaultError('config_invalid', `${file} is not valid JSON${placeOf(failure, text)}`, {
      hint: `correct ${quoted(file)}; JSON has no comments and no comma after the last entry`,
    });
  }
}

/** V8 reports the position of some errors only. */
function placeOf(failure: unknown, text: string): string {
  const position = /at position (\d+)/.exec(failure instanceof Error ? failure.message : '')?.[1];
  if (position === undefined) return '';
  const before = text.slice(0, Number(position)).split('\n');
  return `, at line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`;
}

/**
 * The notify command: a program and its arguments; null when it is not set.
 *
 * @param text null when there is no such file
 * @throws VaultError `config_invalid`
 */
export function readNotify(text: string | null, file: string): readonly string[] | null {
  return text === null ? null : notifyIn(parseConfigJson(text, file), file);
}

/** As {@link readNotify}, from the parsed file. */
export function notifyIn(config: Readonly<Record<string, unknown>>, file: string): readonly string[] | null {
  if (!Object.hasOwn(config, 'notify')) return null;
  const given = config['notify'];
  return programAndArguments(given, (what, kind) => wrongNotify(file, what, kind));
}

/** A program and its arguments. A path relative to the current folder would run any file found there. */
export function programAndArguments(
  command: unknown,
  wrong: (what: string, kind: 'type' | 'value') => VaultError,
): readonly string[] {
  const isText = (word: unknown): word is string => typeof word === 'string' && !word.includes('\0');
  if (!Array.isArray(command) || !command.every(isText) || !command[0])
    throw wrong('must be a list of strings: a program and its arguments', 'type');
  if (/[/\\]/.test(command[0]) && !isAbsolute(command[0]))
    throw wrong('must begin with the name of a program or with its absolute path', 'value');
  return command;
}

function wrongNotify(file: string, what: string, wrong: 'type' | 'value'): VaultError {
  return new VaultError('config_invalid', `${file}: notify ${what}`, {
    hint: `correct it, for example: ${command('config set notify /usr/local/bin/notify-me')}`,
    details: { path: 'notify', wrong },
  });
}
