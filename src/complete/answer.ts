/*
 * What the completion knows of the command line. It is made of the commands when the program is built, because loading
 * them takes longer than a keystroke may.
 */

/** Words to choose from, or the kind of thing that a value is. */
export type Choice =
  | readonly string[]
  | ('account' | 'provider' | 'provider or account' | 'profile' | 'file' | 'program');

export interface OptionRow {
  /** `--format`, and `-h` where there is a short form. */
  readonly names: readonly string[];
  readonly says: string;
  /** Null for a flag; `any` for a value that cannot be completed. */
  readonly takes: Choice | 'any' | null;
  readonly repeatable: boolean;
}

export interface ArgumentRow {
  readonly takes: Choice | null;
  readonly variadic: boolean;
}

export interface CommandRow {
  readonly name: string;
  readonly says: string;
  readonly args: readonly ArgumentRow[];
  readonly options: readonly OptionRow[];
  /** Commands of its own. */
  readonly commands: readonly CommandRow[];
}

export interface Table {
  /** Options of every command. */
  readonly options: readonly OptionRow[];
  readonly commands: readonly CommandRow[];
  /** The built-in providers. */
  readonly providers: readonly string[];
}

/** The names of one vault that are completed. Looked up only when they are asked for. */
export interface Names {
  accounts(profile: string | null): readonly string[];
  providers(profile: string | null): readonly string[];
  profiles(): readonly string[];
}

export interface Candidate {
  /** The whole word, `--format=raw` for a value that is attached. */
  readonly word: string;
  readonly says: string;
}

/** Words to choose from; or the shell completes a file, or the command line of a program that begins at a word. */
export type Answer =
  | { readonly kind: 'words'; readonly candidates: readonly Candidate[] }
  | { readonly kind: 'files' }
  | { readonly kind: 'program'; readonly at: number };

/**
 * What can be typed at a place of a command line.
 *
 * @param words without the name of this program
 * @param at the word that is completed; it may be one after the last
 */
export function answer(table: Table, words: readonly string[], at: number, names: Names): Answer {
  const [first] = words;
  if (first === 'help' && at > 0) return answer(pagesOf(table), words.slice(1), at - 1, names);
  const current = words[at] ?? '';
  const read = readWords(table, words.slice(0, at));
  const offer = (candidates: readonly Candidate[]): Answer => ({
    kind: 'words',
    candidates: candidates.filter(({ word }) => word.startsWith(current)),
  });
  const choose = (choice: Choice | 'any' | null, prefix = ''): Answer => {
    if (choice === 'file') return { kind: 'files' };
    return offer(wordsOf(choice, table, read.profile, names).map((word) => plain(prefix + word)));
  };
  if (read.program !== null) return { kind: 'program', at: read.program };
  if (read.pending !== null) return choose(read.pending.takes);
  const options = [...(read.command?.options ?? []), ...table.options];
  const attached = /^(--[^=]+=)/.exec(current)?.[1] ?? null;
  if (attached !== null) return choose(named(options, attached.slice(0, -1))?.takes ?? null, attached);
  const open = options.filter((option) => option.repeatable || !read.given.has(option));
  const optionWords = open.map(({ names: [name = ''], says }) => ({ word: name, says }));
  if (current.startsWith('-') && !read.ended) return offer(optionWords);
  const commands = (read.command ?? table).commands;
  if (read.args === 0 && commands.length > 0)
    return offer(commands.map(({ name, says }) => ({ word: name, says })));
  const argument = argumentAt(read.command, read.args);
  if (argument === undefined) return offer(read.ended ? [] : optionWords);
  if (argument.takes === 'program') return offer([{ word: '--', says: 'the program and its arguments' }]);
  return choose(argument.takes);
}

/** What `help` is followed by: commands, and nothing that belongs to them. */
function pagesOf(table: Table): Table {
  const pages = (rows: readonly CommandRow[]): CommandRow[] =>
    rows.map((row) => ({ ...row, args: [], options: [], commands: pages(row.commands) }));
  return { ...table, options: [], commands: pages(table.commands) };
}

/** What the words before the one that is completed say. */
interface Read {
  /** The innermost; null before the first. */
  readonly command: CommandRow | null;
  /** How many arguments it has. */
  readonly args: number;
  readonly given: ReadonlySet<OptionRow>;
  /** The option whose value comes next. */
  readonly pending: OptionRow | null;
  /** No option follows a `--`. */
  readonly ended: boolean;
  /** Where a program begins, after `--`. */
  readonly program: number | null;
  readonly profile: string | null;
}

function readWords(table: Table, words: readonly string[]): Read {
  const given = new Set<OptionRow>();
  let command: CommandRow | null = null;
  let args = 0;
  let pending: OptionRow | null = null;
  let profile: string | null = null;
  let ended = false;
  const take = (option: OptionRow, value: string) => {
    if (option.takes === 'profile') profile = value;
  };
  for (const [index, word] of words.entries()) {
    if (pending !== null) {
      take(pending, word);
      pending = null;
    } else if (word === '--' && !ended) {
      if (takesProgram(command)) return { command, args, given, pending, ended, program: index + 1, profile };
      ended = true;
    } else if (word.startsWith('-') && !ended) {
      const [name = '', ...value] = word.split('=');
      const option = named([...(command?.options ?? []), ...table.options], name);
      if (option === undefined) continue;
      given.add(option);
      if (value.length > 0) take(option, value.join('='));
      else if (option.takes !== null) pending = option;
    } else {
      const next: CommandRow | undefined =
        args === 0 ? (command ?? table).commands.find(({ name }) => name === word) : undefined;
      if (next === undefined) args += 1;
      else command = next;
    }
  }
  return { command, args, given, pending, ended, program: null, profile };
}

function takesProgram(command: CommandRow | null): boolean {
  return command?.args.some(({ takes }) => takes === 'program') === true;
}

function named(options: readonly OptionRow[], name: string): OptionRow | undefined {
  return options.find(({ names }) => names.includes(name));
}

function argumentAt(command: CommandRow | null, position: number) {
  const args = command?.args ?? [];
  const last = args.at(-1);
  return args[position] ?? (last?.variadic === true ? last : undefined);
}

function wordsOf(
  choice: Choice | 'any' | null,
  table: Table,
  profile: string | null,
  names: Names,
): readonly string[] {
  const providers = () => [...new Set([...table.providers, ...names.providers(profile)])];
  switch (choice) {
    case 'account':
      return names.accounts(profile);
    case 'provider':
      return providers();
    case 'provider or account':
      return [...providers(), ...names.accounts(profile)];
    case 'profile':
      return names.profiles();
    default:
      return Array.isArray(choice) ? choice : [];
  }
}

function plain(word: string): Candidate {
  return { word, says: '' };
}
