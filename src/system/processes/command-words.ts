/** The words of a command as variables such as `$EDITOR` hold it: split at spaces outside quotes. No shell is involved. */
export function commandWords(command: string): string[] {
  const found = command.match(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g) ?? [];
  return found.map((word) => word.replace(/"([^"]*)"|'([^']*)'/g, '$1$2'));
}
