import { Argument, CommanderError, Command as Node, Option } from 'commander';
import { COMMANDS, type CommandEntry } from './commands/index.js';
import { helpMistake, mistake, type Place } from './commands/mistakes.js';
import { commandPage, programPage } from './commands/pages.js';
import type { ArgumentSpec, Command, OptionSpec, Subcommand } from './commands/spec.js';
import {
  type CommandLine,
  GLOBAL_OPTIONS,
  type Parsed,
  parseCommandLine,
  readFlag,
} from './commands/spec.js';
import { VaultError } from './domain/errors.js';
import { command as ownCommand } from './domain/hints.js';
import { programName } from './domain/invocation.js';
import type { Theme } from './ui/io.js';
import { type Page, renderPage } from './ui/page.js';
import { plainTheme } from './ui/theme.js';
import { VERSION } from './version.js';

const HELP_COLUMNS = 80;

/**
 * Reads a command line with commander. Only the modules of commands that are named on it are loaded.
 *
 * @param argv without the program's own name
 * @param theme of the help
 * @throws VaultError `usage` with the command to type for help
 */
export async function parseProgram(argv: readonly string[], theme: Theme = plainTheme): Promise<Parsed> {
  const read = await readArguments(argv, theme);
  return 'text' in read ? read : understandWithHint(read, read.name);
}

/**
 * The same, before the command parses its options.
 *
 * @throws VaultError `usage`
 */
export async function readArguments(
  argv: readonly string[],
  theme: Theme = plainTheme,
): Promise<NamedReading | Extract<Parsed, { kind: 'text' }>> {
  await refuseHelp(argv);
  const words = asOptions(argv);
  const run: Run = { words, theme, printed: '', reading: null, failedAt: null };
  const root = await rootNode(run);
  try {
    root.parse(words, { from: 'user' });
  } catch (failure) {
    if (!(failure instanceof CommanderError)) throw failure;
    // Without a command, print the help. With `--json` the caller is a program, so a missing command is an error.
    const bare = failure.code === 'commander.help' && run.failedAt === null && root.opts()['json'] !== true;
    if (failure.exitCode === 0 || bare) return { kind: 'text', text: run.printed };
    const here = { name: null, command: null, subcommand: null, words: typedWords(root) };
    throw mistake(failure, run.failedAt ?? here);
  }
  if (run.reading === null) throw new VaultError('unexpected', 'the command line led to no command');
  return { ...run.reading, globalOptions: root.opts() };
}

interface NamedReading extends CommandLine {
  /** The name of the command, with that of its subcommand. */
  readonly name: string;
}

/** One run of commander. */
interface Run {
  readonly words: readonly string[];
  readonly theme: Theme;
  printed: string;
  reading: Omit<NamedReading, 'globalOptions'> | null;
  failedAt: Place | null;
}

/** `help token` is `token --help`; an unknown command is left, to be reported. `version` and `-V` are `--version`. */
function asOptions(argv: readonly string[]): readonly string[] {
  const [first, ...rest] = argv;
  if (first === 'version' || first === '-V') return ['--version'];
  if (first !== 'help') return argv;
  const [name] = rest;
  if (name === undefined || name === 'help') return ['--help'];
  return COMMANDS.some((entry) => entry.name === name) ? [...rest, '--help'] : rest;
}

/** @throws VaultError `usage` for the help of something that is not there */
async function refuseHelp([first, ...rest]: readonly string[]): Promise<void> {
  const words = rest.filter((word) => !word.startsWith('-'));
  const entry = first === 'help' ? COMMANDS.find(({ name }) => name === words[0]) : undefined;
  const wrong = entry === undefined ? null : helpMistake(await entry.load(), words);
  if (wrong !== null) throw wrong;
}

async function rootNode(run: Run): Promise<Node> {
  const print = (text: string) => {
    run.printed += text;
  };
  const root = new Node(programName())
    .helpCommand(false)
    .version(VERSION, '-v, --version')
    .configureOutput({
      writeOut: print,
      writeErr: print,
      // Errors are thrown, so commander need not print them.
      outputError: () => undefined,
      // The page already has its colours, so commander must not remove them.
      getOutHasColors: () => true,
    })
    .exitOverride();
  printsPage(root, run, programPage);
  for (const spec of GLOBAL_OPTIONS) root.addOption(option(spec));
  for (const entry of COMMANDS) {
    const node = root.command(entry.name);
    const command = run.words.includes(entry.name) ? await entry.load() : null;
    if (command !== null) fillCommand(node, entry, command, run);
  }
  return root;
}

function fillCommand(node: Node, entry: CommandEntry, command: Command, run: Run): void {
  const { subcommands = [], needsSubcommand = false } = command;
  const { name } = entry;
  printsPage(node, run, () => commandPage(entry, command));
  // Commander would read options after a subcommand as options of the command.
  const isAlone = !subcommands.some((subcommand) => run.words.includes(subcommand.name));
  const place = { name, command, subcommand: null };
  if (isAlone && !needsSubcommand) fillUsage(node, place, run);
  else failsAt(node, place, run);
  for (const subcommand of subcommands) {
    const own = node.command(subcommand.name);
    printsPage(own, run, () => commandPage(entry, command, subcommand));
    fillUsage(own, { name, command, subcommand }, run);
  }
}

/** The command and subcommand that commander is reading, as known before the options are parsed. */
interface Spot {
  readonly name: string;
  readonly command: Command;
  readonly subcommand: Subcommand | null;
}

function fillUsage(node: Node, spot: Spot, run: Run): void {
  const { name, command, subcommand } = spot;
  const usage = subcommand ?? command;
  for (const spec of usage.arguments) node.addArgument(argument(spec));
  for (const spec of usage.options) node.addOption(option(spec));
  failsAt(node, spot, run);
  const path = subcommand === null ? [] : [subcommand.name];
  node.action(() => {
    const raw = { args: [...path, ...node.args], options: node.opts() };
    run.reading = { name: [name, ...path].join(' '), command, raw };
  });
}

function printsPage(node: Node, { theme }: Run, page: () => Page): void {
  node.helpOption('-h, --help').configureHelp({ formatHelp: () => renderPage(page(), HELP_COLUMNS, theme) });
}

function failsAt(node: Node, spot: Spot, run: Run): void {
  node.helpCommand(false).exitOverride((error) => {
    run.failedAt ??= { ...spot, words: typedWords(node) };
    throw error;
  });
}

function typedWords({ args }: Node): readonly string[] {
  const end = args.findIndex((word) => word.startsWith('-'));
  return end === -1 ? args : args.slice(0, end);
}

function argument(spec: ArgumentSpec): Argument {
  const name = `${spec.name}${spec.variadic === true ? '...' : ''}`;
  return new Argument(spec.required === true ? `<${name}>` : `[${name}]`);
}

function option(spec: OptionSpec): Option {
  const made = new Option(spec.flags);
  if (!readFlag(spec).repeatable) return made;
  return made.argParser((value: string, before: readonly string[] | undefined) => [...(before ?? []), value]);
}

function understandWithHint(reading: CommandLine, name: string): Parsed {
  try {
    return parseCommandLine(reading);
  } catch (failure) {
    if (!(failure instanceof VaultError) || failure.hint !== undefined) throw failure;
    const { code, message, details } = failure;
    throw new VaultError(code, message, {
      hint: `see ${ownCommand(`${name} --help`)}`,
      details,
    });
  }
}
