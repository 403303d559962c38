import { COMMANDS, type CommandEntry } from '../src/commands/index.js';
import { commandPage, programPage } from '../src/commands/pages.js';
import type { ArgumentSpec, Command, OptionSpec, Subcommand } from '../src/commands/spec.js';
import { GLOBAL_OPTIONS, readFlag } from '../src/commands/spec.js';
import type { ArgumentRow, CommandRow, OptionRow, Table } from '../src/complete/answer.js';
import { startedAs } from '../src/domain/invocation.js';
import { catalogue } from '../src/providers/index.js';
import { RELEASED, VERSION } from '../src/version.js';
import { type Manual, roff, type Section } from './roff.js';

/* What the build makes of the commands: the table of the completion, and the manual. */

export interface Reference {
  readonly table: Table;
  /** Texts of manual pages by the names of their files. */
  readonly manual: ReadonlyMap<string, string>;
}

/** Both names the program is installed under. */
export const PROGRAMS = ['vault', 'token-vault'] as const;

export async function reference(): Promise<Reference> {
  const commands = await loadCommands();
  return {
    table: tableOf(commands),
    manual: new Map(
      PROGRAMS.flatMap((program) => {
        startedAs({ name: program });
        return manuals(program, commands).map(
          (manual) => [`${manual.name}.1`, roff(manual, VERSION, RELEASED)] as const,
        );
      }),
    ),
  };
}

type Loaded = readonly [entry: CommandEntry, command: Command];

export function loadCommands(): Promise<Loaded[]> {
  return Promise.all(COMMANDS.map(async (entry) => [entry, await entry.load()] as const));
}

function manuals(program: string, commands: readonly Loaded[]): Manual[] {
  const names = commands.map(([{ name }]) => `${program}-${name}`);
  const own = commands.map(([entry, command]) => ({
    name: `${program}-${entry.name}`,
    page: commandPage(entry, command),
    commands: (command.subcommands ?? []).map((each) => commandPage(entry, command, each)),
    sections: [],
    seeAlso: [program],
  }));
  const sections = [EXIT_STATUS, ENVIRONMENT];
  return [{ name: program, page: programPage(), commands: [], sections, seeAlso: names }, ...own];
}

/** As in docs/codes.md, in short. */
export const EXIT_STATUS: Section = {
  title: 'Exit status',
  entries: [
    ['0', 'done'],
    ['1', 'a bug: an unexpected error'],
    ['2', 'the command line or the configuration is wrong'],
    ['3', 'no such account, or several of that name; no agent runs'],
    ['4', 'a login is needed'],
    ['5', 'the provider or the network failed; try later'],
    ['6', 'the key is unavailable, locked, missing or wrong'],
    ['7', 'the granted scopes do not cover what was asked'],
    ['8', 'some accounts failed; the others are done'],
    ['9', 'the vault is damaged, altered, an older copy, or not writable'],
    ['10', 'another process holds the account and did not finish in time'],
    ['11', 'the provider refuses the client or the request; a login will not help'],
    ['126', 'the program to run cannot be run'],
    ['127', 'the program to run does not exist'],
    ['130', 'interrupted'],
    ['143', 'terminated'],
  ],
};

const ENVIRONMENT: Section = {
  title: 'Environment',
  entries: [
    ['VAULT_HOME', 'a folder for the vault, its settings and its log; an absolute path'],
    ['VAULT_PROFILE', 'a separate vault with its own key, as with --profile'],
    ['VAULT_KEY_FILE', 'the path of a file with the key'],
    ['BROWSER', 'the program that opens the login page'],
    ['NO_COLOR', 'print without colour'],
  ],
};

export function tableOf(commands: readonly Loaded[]): Table {
  return {
    options: [
      ...GLOBAL_OPTIONS,
      { flags: '-h, --help', description: 'show help' },
      { flags: '-v, --version', description: 'print the version' },
    ].map(optionRow),
    commands: [
      ...commands.map(([entry, command]) => commandRow({ ...command, ...entry })),
      { name: 'help', says: 'show the help of a command', args: [], options: [], commands: [] },
    ],
    providers: catalogue.names,
  };
}

function commandRow(command: Subcommand & Pick<Command, 'subcommands'>): CommandRow {
  return {
    name: command.name,
    says: command.summary,
    args: command.arguments.map(argumentRow),
    options: command.options.map(optionRow),
    commands: (command.subcommands ?? []).map(commandRow),
  };
}

function argumentRow({ values, variadic = false }: ArgumentSpec): ArgumentRow {
  return { takes: values ?? null, variadic };
}

function optionRow(spec: OptionSpec): OptionRow {
  const { long, short, takesValue, repeatable } = readFlag(spec);
  return {
    names: short === null ? [long] : [long, short],
    says: spec.description,
    takes: takesValue ? (spec.values ?? 'any') : null,
    repeatable,
  };
}
