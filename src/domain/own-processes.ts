/**
 * What this program is started with when it starts itself again. No command begins like this, and what such a process
 * needs comes over its stdin: arguments and environments can be read by the user's other programs.
 */
export const OWN_PROCESSES = {
  /** Talks to token endpoints, out of reach of signals. */
  refresher: '@refresher',
} as const;

/**
 * The command line that starts this program once more.
 *
 * @param self the interpreter and the script
 */
export function commandAgain(
  [interpreter, script]: readonly [string, string],
  args: readonly string[],
): readonly [string, ...string[]] {
  // Node would read the file itself, unchecked, and obey it, unless it is told that its own options end here.
  const end = args.some((word) => word.startsWith('--env-file')) ? ['--'] : [];
  return [interpreter, ...end, script, ...args];
}
