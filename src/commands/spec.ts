import type { Context } from '../context.js';
import { parseDuration } from '../domain/duration-text.js';
import { VaultError } from '../domain/errors.js';
import { parseScopes } from '../domain/scopes.js';
import type { Io } from '../ui/io.js';

/** What a value may be: one of these words, or something that the completion of a shell looks up. */
export type Values =
  | readonly string[]
  | ('account' | 'provider' | 'provider or account' | 'profile' | 'file' | 'program');

export interface ArgumentSpec {
  readonly name: string;
  readonly description: string;
  readonly required?: boolean;
  readonly variadic?: boolean;
  /** A `program` is typed after `--`, and all that follows belongs to it. */
  readonly values?: Values;
}

export interface OptionSpec {
  /** As commander reads it: `--min-valid <duration>`, `--refresh`, `--no-browser`, `-y, --yes`. */
  readonly flags: string;
  readonly description: string;
  /** Shown in the help; parse() applies it. */
  readonly defaultText?: string;
  readonly repeatable?: boolean;
  readonly values?: Values;
}

/** The command line as typed: option values under their camelCase names, unchanged. */
export interface RawInput {
  readonly args: readonly string[];
  readonly options: Readonly<Record<string, string | boolean | readonly string[] | undefined>>;
}

/** What is typed after the name of a command, as the help, the man page and the completion show it. */
export interface Usage {
  readonly arguments: readonly ArgumentSpec[];
  readonly options: readonly OptionSpec[];
  /** Command lines without the name of this program, each with what it does. */
  readonly examples: Readonly<Record<string, string>>;
}

/** A command of a command, such as `rotate` in `vault key rotate`. */
export interface Subcommand extends Usage {
  readonly name: string;
  readonly summary: string;
}

/** A command turns flags into one input, calls one use case and prints once. One file per command, listed in index.ts. */
export interface Command<Input = unknown> extends Usage {
  /** In {@link RawInput} the name of one is the first argument. */
  readonly subcommands?: readonly Subcommand[];
  /** Without one of its commands it does nothing. */
  readonly needsSubcommand?: boolean;
  /**
   * A signal that arrives just before the command ends without an error does not make it fail. Set where the printed result
   * is complete in itself, or where the command checks the interruption itself and has then done everything.
   */
  readonly ignoresLateSignal?: boolean;
  /** Another program runs it, so the user is never asked for a passphrase. */
  readonly neverAsks?: boolean;
  /** Pure. @throws VaultError `usage` */
  parse(raw: RawInput): Input;
  run(ctx: Context, input: Input, io: Io): Promise<void>;
}

export interface Flag {
  /** The name its value has in {@link import('./spec.js').RawInput}: `minValid` for `--min-valid`, `browser` for `--no-browser`. */
  readonly key: string;
  readonly long: string;
  readonly short: string | null;
  readonly takesValue: boolean;
  /** Written `--no-…`: true unless it is given. */
  readonly negated: boolean;
  readonly repeatable: boolean;
}

/** Reads flags as commander writes them: `--min-valid <duration>`, `--no-browser`, `-y, --yes`. */
export function readFlag(spec: OptionSpec): Flag {
  const words = spec.flags.split(/[ ,]+/);
  const long = words.find((word) => word.startsWith('--')) ?? '';
  const short = words.find((word) => /^-[a-zA-Z]$/.test(word)) ?? null;
  const negated = long.startsWith('--no-');
  return {
    key: optionKey(long),
    long,
    short,
    takesValue: words.some((word) => word.startsWith('<')),
    negated,
    repeatable: spec.repeatable === true,
  };
}

/** @param long for example `--min-valid` */
function optionKey(long: string): string {
  const name = long.replace(/^--(?:no-)?/, '');
  return name.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** Options that every command takes, before or after its name. */
export const GLOBAL_OPTIONS: readonly OptionSpec[] = [
  { flags: '--json', description: 'print one JSON document on stdout' },
  { flags: '--quiet', description: 'print only warnings and errors' },
  { flags: '--verbose', description: 'print more about failures on stderr' },
  { flags: '--profile <name>', description: 'use a separate vault with its own key', values: 'profile' },
  { flags: '--settings <path>', description: 'read provider settings from this file', values: 'file' },
];

export interface Globals {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly profile: string | null;
  readonly envFile: string | null;
}

export type Parsed =
  | { readonly kind: 'run'; readonly command: Command; readonly input: unknown; readonly globals: Globals }
  /** Help or the version. */
  | { readonly kind: 'text'; readonly text: string };

/** A command line before its command parses the options. */
export interface CommandLine {
  readonly command: Command;
  readonly raw: RawInput;
  readonly globalOptions: RawInput['options'];
}

/**
 * @throws VaultError `usage`
 */
export function parseCommandLine(reading: CommandLine): Parsed {
  const { command, raw, globalOptions } = reading;
  const globals = readGlobals(globalOptions);
  return { kind: 'run', command, input: command.parse(raw), globals };
}

function readGlobals(options: RawInput['options']): Globals {
  const raw = { args: [], options };
  return {
    json: options['json'] === true,
    quiet: options['quiet'] === true,
    verbose: options['verbose'] === true,
    profile: text(raw, '--profile'),
    envFile: text(raw, '--settings'),
  };
}

/** How to print an error of a command line that could not be parsed. */
export function askedView(argv: readonly string[]): { readonly json: boolean; readonly verbose: boolean } {
  const end = argv.indexOf('--');
  const own = end === -1 ? argv : argv.slice(0, end);
  return { json: own.includes('--json'), verbose: own.includes('--verbose') };
}

/*
 * Helpers for parse(). Options are named as they are typed, for the error messages. An empty value is always refused: an
 * unset variable in a script leaves one behind, and reading it as "not given" would select another account or vault.
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
 * @throws VaultError `usage` when one holds none, or something that is not a scope
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
