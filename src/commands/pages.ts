import { programName } from '../domain/invocation.js';
import type { Page } from '../ui/page.js';
import { COMMANDS, type CommandEntry, GROUPS } from './index.js';
import type { ArgumentSpec, Command, OptionSpec, Subcommand } from './spec.js';
import { GLOBAL_OPTIONS } from './spec.js';

/* The pages of the help and of the manual, made of the same data that the command line is read with. */

const HELP: OptionSpec = { flags: '-h, --help', description: 'show help' };
const VERSION: OptionSpec = { flags: '-v, --version', description: 'print the version' };

/** The page of the program. */
export function programPage(): Page {
  const name = programName();
  return {
    name,
    summary: 'log in once in the browser, then ask for a valid access token from any script',
    usage: [`${name} <command> [options]`],
    lists: [
      ...GROUPS.map((group) => ({
        title: group,
        entries: COMMANDS.filter((entry) => entry.group === group).map(
          ({ name: command, summary }) => [command, summary] as const,
        ),
      })),
      { title: 'Options of every command', entries: [...GLOBAL_OPTIONS, HELP, VERSION].map(optionEntry) },
    ],
    examples: typed({
      demo: 'show how it works, without an account at a provider',
      'setup google': 'register a client step by step, and log in, once',
      'token google': 'print a valid access token, for any script',
    }),
    more: `Options and examples of a command: ${name} help <command>`,
  };
}

/** The page of a command, or of a command of that one: `vault key rotate`. */
export function commandPage(
  entry: Pick<CommandEntry, 'name' | 'summary'>,
  command: Command,
  subcommand: Subcommand | null = null,
): Page {
  const usage = subcommand ?? command;
  const { subcommands = [], needsSubcommand = false } = subcommand === null ? command : {};
  const name = [programName(), entry.name, ...(subcommand === null ? [] : [subcommand.name])].join(' ');
  return {
    name,
    summary: (subcommand ?? entry).summary,
    usage: [
      ...(needsSubcommand ? [] : [`${name} [options]${usage.arguments.map(argumentWords).join('')}`]),
      ...(subcommands.length === 0 ? [] : [`${name} <command> [options]`]),
    ],
    lists: [
      { title: 'Commands', entries: subcommands.map((each) => [each.name, each.summary] as const) },
      {
        title: 'Arguments',
        entries: usage.arguments.map((each) => [each.name, described(each)] as const),
      },
      { title: 'Options', entries: usage.options.map(optionEntry) },
      { title: 'Options of every command', entries: [...GLOBAL_OPTIONS, HELP].map(optionEntry) },
    ],
    examples: typed(usage.examples),
    more: subcommands.length === 0 ? null : `Options of each of its commands: ${helpOf(name)} <command>`,
  };
}

function helpOf(name: string): string {
  return name.replace(' ', ' help ');
}

function typed(examples: Command['examples']): Page['examples'] {
  return Object.entries(examples).map(([line, says]) => ({ line: `${programName()} ${line}`, says }));
}

function argumentWords({ name, required = false, variadic = false, values }: ArgumentSpec): string {
  const words = `${values === 'program' ? '-- ' : ''}<${name}>${variadic ? '...' : ''}`;
  return required ? ` ${words}` : ` [${words.replace(/[<>]/g, '')}]`;
}

function optionEntry(spec: OptionSpec): readonly [string, string] {
  return [spec.flags, described(spec)];
}

function described({ description, values, defaultText }: Omit<OptionSpec, 'flags'>): string {
  // Stdin is in the flags already.
  const choices = typeof values === 'object' && values[0] !== '-' ? `: ${values.join(', ')}` : '';
  return `${description}${choices}${defaultText === undefined ? '' : ` (default ${defaultText})`}`;
}
