import { type Account, accountName } from './account.js';
import { quoted } from './safe-text.js';
import { isReadable } from './scopes.js';

/* The commands that hints tell the user to type. */

type Named = Pick<Account, 'provider' | 'label'>;

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

/** The name to type this program by. */
export function programName(): string {
  return invocation.name;
}

/**
 * A command of this program as it has to be typed here: `command('list')`.
 *
 * @param profile of the vault it is about; left out: the one named on the command line
 */
export function command(line: string, profile: string | null = invocation.profile): string {
  return `${invocation.name}${profile === null ? '' : ` --profile ${quoted(profile)}`} ${line}`;
}

/** The hint for a damaged vault. */
export function fromBackup(): string {
  return `restore the vault from a backup:\n${command('restore FILE')}`;
}

/** Logs an account in again. It names the account, so that a login of another user is refused. */
export function loginCommand(account: Named, profile = invocation.profile): string {
  return command(`login ${shellName(account)}`, profile);
}

/** Widens the grant of an account by scopes it lacks. */
export function widenCommand(account: Named, missing: readonly string[]): string {
  const scopes = [...new Set(missing)].map((scope) => ` --add-scope ${quoted(scope)}`);
  return `${loginCommand(account)}${scopes.join('')}`;
}

/** The same command; where a scope is too long for a hint, the command that prints the scopes in full. */
export function widenHint(account: Named, missing: readonly string[]): string {
  return missing.every(isReadable)
    ? widenCommand(account, missing)
    : `log in again with the scopes printed by: ${command(`show ${shellName(account)} --json`)}`;
}

/** The account's name, quoted for a shell. */
export function shellName(account: Named): string {
  return quoted(accountName(account));
}
