import { COMMANDS } from './commands/index.js';
import type { Command, OptionSpec, RawInput, Usage } from './commands/spec.js';
import {
  type CommandLine,
  type Flag,
  GLOBAL_OPTIONS,
  type Parsed,
  parseCommandLine,
  readFlag,
} from './commands/spec.js';
import { token } from './commands/token.js';

/*
 * Loading commander takes a quarter of the time in which `vault token` should be done. Plain, well-formed command lines are
 * read here, from the same option data. Anything else is left to commander, so that one place explains mistakes.
 */

/**
 * Reads a plain command line.
 *
 * @param argv without the program's own name
 * @returns null when commander has to parse it: a mistake, help, the version, or any unusual way to write it
 */
export async function fastParse(argv: readonly string[]): Promise<Parsed | null> {
  const reading = await fastRead(argv);
  if (reading === null) return null;
  try {
    return parseCommandLine(reading);
  } catch {
    // Commander reports the same error, with a hint.
    return null;
  }
}

/** The same, before the command parses its options. */
export async function fastRead(argv: readonly string[]): Promise<CommandLine | null> {
  const globals = flagTable(GLOBAL_OPTIONS);
  const at = commandPosition(argv, globals);
  const name = argv[at];
  // Scripts and other programs run these most, and they need no table of the others.
  const command: Command | undefined =
    name === 'token'
      ? token
      : name === 'helper'
        ? (await import('./commands/helper.js')).helper
        : await COMMANDS.find((each) => each.name === name)?.load();
  if (command === undefined) return null;
  const subcommand = command.subcommands?.find(({ name }) => name === argv[at + 1]);
  // Commander accepts a subcommand at any position.
  if (subcommand === undefined && command.subcommands?.some(({ name }) => argv.includes(name))) return null;
  if (subcommand === undefined && command.needsSubcommand === true) return null;
  const usage = subcommand ?? command;
  const own = flagTable(usage.options);
  const globalOptions = startingValues(globals);
  const options = startingValues(own);
  const args: string[] = [];
  for (let index = 0; index < argv.length; index += 1) {
    const word = argv[index] ?? '';
    if (index === at) continue;
    // What another program adds to its helper is not ours to read.
    if (word === '--' && command.neverAsks === true) {
      args.push(...argv.slice(index + 1));
      break;
    }
    if (!word.startsWith('-')) {
      args.push(word);
      continue;
    }
    const { name, attached } = splitWord(word);
    const target = globals.has(name) ? globalOptions : options;
    const flag = globals.get(name) ?? own.get(name);
    if (flag === undefined) return null;
    if (!flag.takesValue) {
      if (attached !== null) return null;
      target[flag.key] = !flag.negated;
      continue;
    }
    const value = attached ?? argv[++index];
    // A value that looks like an option is more likely a forgotten value; - alone is stdin.
    if (value === undefined || (attached === null && /^-./.test(value))) return null;
    target[flag.key] = flag.repeatable
      ? [...((target[flag.key] as string[] | undefined) ?? []), value]
      : value;
  }
  if (!takes(usage, args.length - (subcommand === undefined ? 0 : 1))) return null;
  return { command, raw: { args, options }, globalOptions };
}

type Options = { -readonly [key in keyof RawInput['options']]: RawInput['options'][key] };

/** The position of the command's name: first, or after global options only. */
function commandPosition(argv: readonly string[], globals: ReadonlyMap<string, Flag>): number {
  let index = 0;
  for (; argv[index]?.startsWith('-'); index += 1) {
    const { name, attached } = splitWord(argv[index] ?? '');
    const flag = globals.get(name);
    if (flag === undefined) return -1;
    if (flag.takesValue && attached === null) index += 1;
  }
  return index;
}

/** Only long options carry a value behind `=`. */
function splitWord(word: string): { readonly name: string; readonly attached: string | null } {
  const end = word.startsWith('--') ? word.indexOf('=') : -1;
  return end === -1
    ? { name: word, attached: null }
    : { name: word.slice(0, end), attached: word.slice(end + 1) };
}

function flagTable(specs: readonly OptionSpec[]): ReadonlyMap<string, Flag> {
  const flags = specs.map(readFlag);
  const entries = flags.flatMap((flag) => [flag.long, flag.short].map((name) => [name, flag] as const));
  return new Map(entries.filter((entry): entry is readonly [string, Flag] => entry[0] !== null));
}

function startingValues(flags: ReadonlyMap<string, Flag>): Options {
  const negated = [...flags.values()].filter((flag) => flag.negated);
  return Object.fromEntries(negated.map((flag) => [flag.key, true]));
}

function takes(usage: Usage, count: number): boolean {
  const least = usage.arguments.filter((argument) => argument.required === true).length;
  const most = usage.arguments.some((argument) => argument.variadic === true)
    ? Number.POSITIVE_INFINITY
    : usage.arguments.length;
  return count >= least && count <= most;
}
