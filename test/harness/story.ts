/**
 * A story is a manual that is tested. Its lines:
 *
 *     # prose
 *     @ what happens meanwhile, outside the command line
 *     $ a command, as it is typed into a shell
 *     > a line of stdout; together these are all of it
 *     ! a line of stderr; these are found in it, in this order
 *     ? the exit code, 0 where nothing is said
 *
 * `…` stands for anything within a line, a line of `> …` alone for any number of lines.
 */
export type Step =
  | { readonly kind: 'event'; readonly at: number; readonly words: readonly string[] }
  | {
      readonly kind: 'command';
      readonly at: number;
      readonly line: string;
      readonly stdout: string[];
      readonly stderr: string[];
      exitCode: number;
    };

/** @throws Error naming the line that is none of the above */
export function parseStory(text: string): Step[] {
  const steps: Step[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    const at = index + 1;
    const rest = line.slice(2);
    const last = steps.at(-1);
    const command = last?.kind === 'command' ? last : null;
    if (line.trim() === '' || line.startsWith('#')) continue;
    if (line.startsWith('@ ')) steps.push({ kind: 'event', at, words: rest.trim().split(/\s+/) });
    else if (line.startsWith('$ ')) {
      steps.push({ kind: 'command', at, line: rest, stdout: [], stderr: [], exitCode: 0 });
    } else if (command && /^>( |$)/.test(line)) command.stdout.push(rest);
    else if (command && line.startsWith('! ')) command.stderr.push(rest);
    else if (command && /^\? \d+$/.test(line)) command.exitCode = Number(rest);
    else throw new Error(`line ${at} of the story is not understood: ${line}`);
  }
  return steps;
}

/** Whether the text is exactly these lines, `…` aside. */
export function isExactly(text: string, lines: readonly string[]): boolean {
  const pattern = lines.map((line) => (line === '…' ? '(?:.*\\n)*' : `${linePattern(line)}\\n`)).join('');
  return new RegExp(`^${pattern}$`).test(text);
}

/** The first of the lines that is not found after the ones before it; null when all are there. */
export function missingLine(text: string, lines: readonly string[]): string | null {
  const left = text.split('\n');
  for (const line of lines) {
    const pattern = new RegExp(`^${linePattern(line)}$`);
    const found = left.findIndex((candidate) => pattern.test(candidate));
    if (found === -1) return line;
    left.splice(0, found + 1);
  }
  return null;
}

function linePattern(line: string): string {
  return line
    .split('…')
    .map((part) => part.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'))
    .join('.*');
}
