/**
 * The argument of a process that this program starts as its own child. No command begins with `@`. Everything else that
 * such a process needs comes over its stdin, because other programs of the user can read arguments and environments.
 */
export const OWN_PROCESSES = {
  /** Talks to token endpoints; signals to the command do not reach it. */
  refresher: '@refresher',
  /** Makes one call of the system's keychain, and is killed when that hangs. */
  keychain: '@keychain',
} as const;
