import { COMMANDS } from '../../src/commands/index.js';
import { VaultError } from '../../src/domain/errors.js';
import { parseProgram } from '../../src/program.js';

/* The commands of ours that are printed for the user to type. */

const NAMES = COMMANDS.map(({ name }) => name).join('|');

/**
 * A command of ours, to the end of its line: alone, behind a colon, or behind a word that introduces one. It is not a path, and
 * not a part of `docker-credential-vault list`.
 */
const COMMAND = new RegExp(
  String.raw`(?:^ *|: |see |did you mean |or |; |\()((?:token-)?vault(?: --profile (?:'[^']*'|\S+))? (?:${NAMES}|help|--help|version)\b.*)$`,
);

/** What a name in capitals stands for, where the command looks at its value. */
const PLACEHOLDERS: Readonly<Record<string, string>> = {
  TOOL: 'git',
  KIND: 'file',
  'HOST:PORT': 'mail.example.com:993',
};
const OF_IMPORT: typeof PLACEHOLDERS = { TOOL: 'google-auth' };

/** @param text lines as they are printed, or JSON documents */
export function commandsIn(text: string): readonly string[] {
  return text
    .split('\n')
    .flatMap((line) => (/^[[{]/.test(line) ? documentLines(line) : [line]))
    .flatMap(commandOf);
}

function commandOf(line: string): string[] {
  const found = COMMAND.exec(line.trimEnd())?.[1];
  // A help page shows with brackets what may be typed.
  return found === undefined || /[[<]\w+/.test(found) ? [] : [found];
}

/** The lines in the fields of a document that hold something to type. */
function documentLines(json: string): string[] {
  const found: string[] = [];
  try {
    JSON.parse(json, (key, value) => {
      if (typeof value === 'string' && ['hint', 'remedy', 'command'].includes(key))
        found.push(...value.split('\n'));
    });
  } catch {}
  return found;
}

/**
 * Reads a command as the program would if it were typed. Nothing is run.
 *
 * @returns why it cannot be typed; null where it can
 */
export async function whyNotTyped(line: string): Promise<string | null> {
  const [, ...words] = shellWords(line);
  const own = words.includes('import') ? OF_IMPORT : {};
  const typed = words.map((word) => own[word] ?? PLACEHOLDERS[word] ?? word);
  try {
    await parseProgram(typed);
    return null;
  } catch (failure) {
    return failure instanceof VaultError ? failure.message : String(failure);
  }
}

/** @throws Error naming each command in what was printed that cannot be typed */
export async function expectTypedHints(run: {
  readonly stdout: string;
  readonly stderr: string;
}): Promise<void> {
  const wrong: string[] = [];
  for (const line of new Set(commandsIn(`${run.stdout}\n${run.stderr}`))) {
    const why = await whyNotTyped(line);
    if (why !== null) wrong.push(`${line}: ${why}`);
  }
  if (wrong.length > 0) throw new Error(`what was printed cannot be typed:\n${wrong.join('\n')}`);
}

/** The words of the first command of a shell line. */
function shellWords(line: string): readonly string[] {
  const words: string[] = [];
  for (const [, quoted, ansi, plain] of line.matchAll(/'([^']*)'|\$'((?:[^'\\]|\\.)*)'|([^\s']+)/g)) {
    const word = quoted ?? ansi ?? plain ?? '';
    if (plain !== undefined && /^(?:[|;&]|[0-9]?[<>])/.test(plain)) break;
    words.push(plain === undefined ? word : word.replace(/[;)]$/, ''));
    if (plain?.endsWith(';') === true) break;
  }
  return words;
}
