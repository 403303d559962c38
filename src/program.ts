import { Argument, CommanderError, Command as Node, Option } from 'commander';
import { COMMANDS, type CommandEntry } from './commands/index.js';
import type { ArgumentSpec, Command, OptionSpec } from './commands/spec.js';
import {
  askedView,
  GLOBAL_OPTIONS,
  type Parsed,
  type Reading,
  readFlag,
  understand,
} from './commands/spec.js';
import { VaultError } from './domain/errors.js';
import { command as ownCommand, programName } from './domain/hints.js';
import { VERSION } from './version.js';

const HELP_COLUMNS = 80;

const EXAMPLES = [
  ['demo', 'show how it works, without an account at a provider'],
  ['providers google', 'how to set up a provider, step by step'],
  ['login google', 'log in, once'],
  ['token google', 'print a valid access token, for any script'],
] as const;

function afterHelp(): string {
  const name = programName();
  const lines = EXAMPLES.map(([line, says]) => `  ${`${name} ${line}`.padEnd(name.length + 20)}  ${says}`);
  return `\nExamples:\n${lines.join('\n')}\n\nOptions and examples of a command: ${name} COMMAND --help`;
}

/**
 * Reads a command line with commander. Only the modules of commands that are named on it are loaded.
 *
 * @param argv without the program's own name
 * @throws VaultError `usage` with the command to type for help
 */
export async function parseProgram(argv: readonly string[]): Promise<Parsed> {
  const read = await readArguments(argv);
  return 'text' in read ? read : understandWithHint(read, read.name);
}

/**
 * The same, before the command parses its options.
 *
 * @throws VaultError `usage`
 */
export async function readArguments(
  argv: readonly string[],
): Promise<NamedReading | Extract<Parsed, { kind: 'text' }>> {
  const words = helpAsOption(argv);
  const state: ParseState = { printed: '', reading: null, failedIn: null };
  const root = rootNode(state);
  for (const entry of COMMANDS) {
    const command = words.includes(entry.name) ? await entry.load() : null;
    addCommand(root, entry, command, state);
  }
  try {
    root.parse(words, { from: 'user' });
  } catch (failure) {
    return readFailure(failure, state, words);
  }
  if (state.reading === null) throw new VaultError('unexpected', 'the command line led to no command');
  return { ...state.reading, globalOptions: root.opts() };
}

interface NamedReading extends Reading {
  /** Of the command. */
  readonly name: string;
}

/** The results of a run of commander. */
interface ParseState {
  printed: string;
  reading: Omit<NamedReading, 'globalOptions'> | null;
  /** The command whose arguments were wrong. */
  failedIn: string | null;
}

/** `help token` is `token --help`; an unknown command is left, to be reported. */
function helpAsOption(argv: readonly string[]): readonly string[] {
  const [first, ...rest] = argv;
  if (first !== 'help') return argv;
  const known = rest[0] === undefined || COMMANDS.some((entry) => entry.name === rest[0]);
  return known ? [...rest, '--help'] : rest;
}

function rootNode(state: ParseState): Node {
  const print = (text: string) => {
    state.printed += text;
  };
  const root = new Node(programName())
    .description('Log in once in the browser, then ask for a valid access token from any script.')
    .usage('COMMAND [options]')
    .helpCommand(false)
    .version(VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .configureHelp({ subcommandTerm: (node) => node.name() })
    .configureOutput({
      writeOut: print,
      writeErr: print,
      // Errors are thrown, so commander need not print them.
      outputError: () => undefined,
      getOutHelpWidth: () => HELP_COLUMNS,
      getErrHelpWidth: () => HELP_COLUMNS,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .exitOverride()
    .addHelpText('after', afterHelp());
  for (const spec of GLOBAL_OPTIONS) root.addOption(option(spec));
  return root;
}

function addCommand(root: Node, entry: CommandEntry, command: Command | null, state: ParseState): void {
  const node = root
    .command(entry.name)
    .summary(entry.summary)
    .description(`${capital(entry.summary)}.`);
  node.exitOverride((error) => {
    state.failedIn = entry.name;
    throw error;
  });
  if (command === null) return;
  for (const spec of command.arguments) node.addArgument(argument(spec));
  for (const spec of command.options) node.addOption(option(spec));
  node.addHelpText(
    'after',
    `\nOptions of every command:\n${globalHelp()}\n\nExamples:\n${examples(command)}`,
  );
  node.action(() => {
    state.reading = { name: entry.name, command, raw: { args: node.args, options: node.opts() } };
  });
}

function argument(spec: ArgumentSpec): Argument {
  const name = `${spec.name}${spec.variadic === true ? '...' : ''}`;
  return new Argument(spec.required === true ? `<${name}>` : `[${name}]`, spec.description);
}

function option(spec: OptionSpec): Option {
  const says = spec.defaultText === undefined ? '' : ` (default ${spec.defaultText})`;
  const made = new Option(spec.flags, `${spec.description}${says}`);
  if (!readFlag(spec).repeatable) return made;
  return made.argParser((value: string, before: readonly string[] | undefined) => [...(before ?? []), value]);
}

function globalHelp(): string {
  const widest = Math.max(...GLOBAL_OPTIONS.map((spec) => spec.flags.length));
  return GLOBAL_OPTIONS.map((spec) => `  ${spec.flags.padEnd(widest)}  ${spec.description}`).join('\n');
}

function examples(command: Command): string {
  const lines = Object.entries(command.examples);
  return lines.map(([line, says]) => `  ${programName()} ${line}\n      ${says}`).join('\n');
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function readFailure(
  failure: unknown,
  state: ParseState,
  argv: readonly string[],
): Extract<Parsed, { kind: 'text' }> {
  if (!(failure instanceof CommanderError)) throw failure;
  if (failure.exitCode === 0) return { kind: 'text', text: state.printed, exitCode: 0 };
  const help = ownCommand(state.failedIn === null ? '--help' : `${state.failedIn} --help`);
  if (failure.code !== 'commander.help') throw usageError(failure, help);
  if (askedView(argv).json) throw new VaultError('usage', 'no command is named', { hint: help });
  return { kind: 'text', text: state.printed, exitCode: 2 };
}

/** Rewords commander's message. The value after a `=` may be a secret and is left out. */
function usageError(failure: CommanderError, help: string): VaultError {
  // A typed argument may contain line breaks; only the last line is a suggestion.
  const [, sentence = '', suggestion] =
    /^(.*?)(?:\n\(Did you mean (?:one of )?([^\n]+)\?\))?$/s.exec(
      failure.message.replace(/^error: /, '').replace(/'(--[\w-]+)=.*'/s, "'$1'"),
    ) ?? [];
  const message = sentence
    .replace(/\. Expected (.*)\.$/, ': expected $1')
    .replace(/^(option '.*') argument missing$/, '$1 has no value');
  const guess = suggestion === undefined ? '' : `did you mean ${suggestion}? `;
  return new VaultError('usage', message, { hint: `${guess}see ${help}` });
}

function understandWithHint(reading: Reading, name: string): Parsed {
  try {
    return understand(reading);
  } catch (failure) {
    if (!(failure instanceof VaultError) || failure.hint !== undefined) throw failure;
    const { code, message, details } = failure;
    throw new VaultError(code, message, {
      hint: `see ${ownCommand(`${name} --help`)}`,
      details,
    });
  }
}
