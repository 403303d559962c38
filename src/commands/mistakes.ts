import { closest } from '../domain/closest.js';
import { VaultError } from '../domain/errors.js';
import { command } from '../domain/hints.js';
import { quoted } from '../domain/safe-text.js';
import { COMMANDS } from './index.js';
import type { Command, Subcommand } from './spec.js';
import { instead, triedWord } from './tried-words.js';

/* Command lines that make no sense: what is wrong, and what to type. */

/** Where on the command line the mistake is. */
export interface Place {
  /** The name of the command whose words are wrong; null for the program's own. */
  readonly name: string | null;
  readonly command: Command | null;
  readonly subcommand: Subcommand | null;
  /** What was typed after its name, up to the first option. */
  readonly words: readonly string[];
}

/** A mistake as commander reports it. */
interface Report {
  readonly code: string;
  readonly message: string;
}

export function mistake(report: Report, place: Place): VaultError {
  const [word] = place.words;
  if (isUnknownCommand(report, place) && word !== undefined) return unknownCommand(word, place);
  // Commander prints the help for a command that was typed without one of its subcommands.
  if (report.code === 'commander.help') return noCommand(place);
  const { sentence, suggestion } = reworded(report.message);
  const { argument, hint } = more(report, sentence, place);
  const guess = suggestion === null ? '' : `did you mean ${suggestion}? `;
  return new VaultError('usage', `${sentence}${argument}`, { hint: hint ?? `${guess}see ${help(place)}` });
}

/**
 * The mistake in `help key foo`, which commander takes for `help key`.
 *
 * @param words after `help`, the name of the command first
 * @returns null where there is such a page
 */
export function helpMistake(at: Command, [name = '', ...words]: readonly string[]): VaultError | null {
  const subcommand = at.subcommands?.find((each) => each.name === words[0]) ?? null;
  const [extra] = subcommand === null ? words : words.slice(1);
  if (extra === undefined) return null;
  if (subcommand === null && at.subcommands !== undefined)
    return unknownCommand(extra, { name, command: at, subcommand, words });
  const page = subcommand === null ? name : `${name} ${subcommand.name}`;
  return new VaultError('usage', `there is no help page '${page} ${extra}'`, {
    hint: `see ${command(`help ${page}`)}`,
  });
}

/** A command with commands of its own takes no other words. */
function isUnknownCommand({ code }: Report, { command: at, subcommand }: Place): boolean {
  return (
    code === 'commander.unknownCommand' ||
    (code === 'commander.excessArguments' && subcommand === null && at?.subcommands !== undefined)
  );
}

function unknownCommand(word: string, place: Place): VaultError {
  const path = place.name === null ? word : `${place.name} ${word}`;
  const tried = place.command === null ? triedWord(word, place.words.slice(1)) : instead(path);
  const guess = place.command === null ? similarCommand(word) : closest(word, subcommands(place));
  const hint = tried ?? `${guess === null ? '' : `did you mean ${guess}? `}see ${help(place)}`;
  return new VaultError('usage', `unknown command '${path}'`, { hint });
}

/** Suggests a destructive command only for a word that differs from it by one letter. */
function similarCommand(word: string): string | null {
  const names = (destructive: boolean) =>
    COMMANDS.filter((entry) => (entry.destructive ?? false) === destructive).map(({ name }) => name);
  return closest(word, names(true), 1) ?? closest(word, names(false));
}

function noCommand(place: Place): VaultError {
  const message =
    place.name === null
      ? 'no command is named'
      : `${command(place.name)} takes one of: ${subcommands(place).join(', ')}`;
  return new VaultError('usage', message, { hint: `see ${help(place)}` });
}

function subcommands({ command: at }: Place): string[] {
  return (at?.subcommands ?? []).map(({ name }) => name);
}

/** Rewords commander's message. The value after a `=` may be a secret and is left out. */
function reworded(message: string): { readonly sentence: string; readonly suggestion: string | null } {
  // A typed argument may contain line breaks; only the last line is a suggestion.
  const [, text = '', suggestion = null] =
    /^(.*?)(?:\n\(Did you mean (?:one of )?([^\n]+)\?\))?$/s.exec(
      message.replace(/^error: /, '').replace(/'(--[\w-]+)=.*'/s, "'$1'"),
    ) ?? [];
  const sentence = text
    .replace(/\. Expected (.*)\.$/, ': expected $1')
    .replace(/^(option '.*') argument missing$/, '$1 has no value');
  // Commander calls an option unknown if it takes no value and gets one, and then suggests the same option.
  return sentence === `unknown option '${suggestion}'`
    ? { sentence: `option '${suggestion}' takes no value`, suggestion: null }
    : { sentence, suggestion };
}

/** What commander does not know: what an argument may be, and where the words of a program begin. */
function more(
  { code, message }: Report,
  sentence: string,
  { name, command: at, subcommand, words }: Place,
): { readonly argument: string; readonly hint: string | null } {
  const usage = subcommand ?? at;
  const none = { argument: '', hint: null };
  const option = /^unknown option '(--?[\w-]+)'$/.exec(sentence)?.[1];
  // Node treats this one as its own, but also passes it on. Users know it from other tools.
  if (option === '--env-file') return { argument: '', hint: 'name the file with --settings' };
  const tried = option === undefined ? null : instead(`${name} ${option}`);
  if (tried !== null) return { argument: '', hint: tried };
  if (usage === null) return none;
  if (code === 'commander.missingArgument') {
    const missing = usage.arguments.find((argument) => message.includes(`'${argument.name}'`));
    if (typeof missing?.values === 'object')
      return { argument: `: ${missing.values.join(', ')}`, hint: null };
    if (missing?.values === 'provider' || missing?.values === 'provider or account')
      return { argument: '', hint: command('providers') };
    if (missing?.values === 'account') return { argument: '', hint: command('list') };
    if (missing?.values === 'program')
      return {
        argument: '',
        hint: command([name ?? '', ...words.map(quoted), '-- PROGRAM ARGUMENTS'].join(' ')),
      };
    return none;
  }
  const meant = code === 'commander.excessArguments' ? MEANT[name ?? ''] : undefined;
  if (meant !== undefined) return { argument: '', hint: `did you mean: ${command(meant(words))}` };
  const program = usage.arguments.findIndex(({ values }) => values === 'program');
  if (code !== 'commander.unknownOption' || program === -1 || words.length <= program) return none;
  const line = [name ?? '', ...words.slice(0, program).map(quoted), '--', quoted(words[program] ?? '')];
  return { argument: '', hint: `put -- before the program: ${command(line.join(' '))} ARGUMENTS` };
}

/** What people mean by a word after these commands, which take none. */
const MEANT: Readonly<Record<string, (words: readonly string[]) => string>> = {
  list: ([word = '']) => `show ${quoted(word)}`,
  status: ([word = '']) => `show ${quoted(word)}`,
  audit: ([word = '']) => (word === 'verify' ? 'audit --verify' : `audit --account ${quoted(word)}`),
};

function help({ name, subcommand }: Place): string {
  const path = [...(name === null ? [] : [name]), ...(subcommand === null ? [] : [subcommand.name])];
  return command([...path, '--help'].join(' '));
}
