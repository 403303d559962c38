/**
 * What this program is started with when it starts itself again. No command begins like this, and what such a process
 * needs comes over its stdin: arguments and environments can be read by the user's other programs.
 */
export const OWN_PROCESSES = {
  /** Talks to token endpoints, out of reach of signals. */
  refresher: '@refresher',
  /** Reads a new master key back from its source. */
  keyCheck: '@key-check',
} as const;
