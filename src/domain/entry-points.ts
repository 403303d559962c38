/**
 * The argument of a process that this program starts as its own child. No command begins with `@`. Everything else that
 * such a process needs comes over its stdin, because other programs of the user can read arguments and environments.
 */
export const OWN_PROCESSES = {
  /** Talks to token endpoints; signals to the command do not reach it. */
  refresher: '@refresher',
} as const;

/** The command line that starts this program again. */
export function relaunchCommand(
  [program, ...script]: readonly [string, ...string[]],
  args: readonly string[],
): readonly [string, ...string[]] {
  // `--` ends the options of Node, which would otherwise read the file itself, unchecked. A launcher writes it itself.
  const end = script.length > 0 && args.some((word) => word.startsWith('--env-file')) ? ['--'] : [];
  return [program, ...end, ...script, ...args];
}
