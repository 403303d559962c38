let invocation: { readonly name: 'vault' | 'token-vault'; readonly profile: string | null } = {
  name: 'vault',
  profile: null,
};

/**
 * Sets the name this program was started by, and the profile named on its command line. Like argv they are the same for the
 * whole process, so code that makes a hint need not be handed them. Called by the command line
 * only: in the library the name is `vault`, without a profile.
 */
export function startedAs(facts: Partial<typeof invocation>): void {
  invocation = { ...invocation, ...facts };
}

/** The name that `startedAs` is given: from the path of the script that was started. */
export function nameStartedBy(script: string | undefined): 'vault' | 'token-vault' {
  return /[\\/]token-vault$/.test(script ?? '') ? 'token-vault' : 'vault';
}

/** The profile named on the command line; null when none is. */
export function namedProfile(): string | null {
  return invocation.profile;
}

/** The name to type this program by. */
export function programName(): string {
  return invocation.name;
}
