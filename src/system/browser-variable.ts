/**
 * Reads `$BROWSER` as other programs do: commands to try in turn, separated by `:` (`;` on Windows), each with
 * arguments, `%s` standing for the address, which is otherwise put at the end. `none` and an empty text mean that
 * no browser is to be opened.
 *
 * @returns one argument vector for each command; the address is always a part of one argument and never read again
 */
export function browserCommands(
  variable: string,
  url: string,
  platform: NodeJS.Platform,
): readonly (readonly string[])[] {
  if (variable.trim().toLowerCase() === 'none') return [];
  return variable
    .split(platform === 'win32' ? ';' : ':')
    .map((entry) => words(entry))
    .filter((command) => command.length > 0)
    .map((command) => withAddress(command, url));
}

/** Splits at spaces; quotes keep them. A last `&` asks a shell for the background, where a browser runs anyway. */
function words(entry: string): string[] {
  const found = entry.replace(/&\s*$/, '').match(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g) ?? [];
  return found.map((word) => word.replace(/"([^"]*)"|'([^']*)'/g, '$1$2'));
}

function withAddress(command: readonly string[], url: string): readonly string[] {
  const filled = command.map((word) => word.replaceAll('%s', () => url));
  return command.some((word) => word.includes('%s')) ? filled : [...command, url];
}
