import { type Account, accountName } from './account.js';
import { namedProfile, programName } from './invocation.js';
import { quoted } from './safe-text.js';
import { isReadable } from './scopes.js';

/* The commands that hints tell the user to type. */

type Named = Pick<Account, 'provider' | 'label'>;

/**
 * A command of this program as it has to be typed here: `command('list')`.
 *
 * @param profile of the vault it is about; left out: the one named on the command line
 */
export function command(line: string, profile: string | null = namedProfile()): string {
  return `${programName()}${profile === null ? '' : ` --profile ${quoted(profile)}`} ${line}`;
}

/** The command that changes one setting of a provider in `config.json`. */
export function setProvider(name: string, field: string, value: string): string {
  return command(`config set ${placeOf(name, field)} ${quoted(value)}`);
}

/** The command that removes one. */
export function unsetProvider(name: string, field: string): string {
  return command(`config unset ${placeOf(name, field)}`);
}

function placeOf(name: string, field: string): string {
  return name.includes('.') ? quoted(`providers."${name}".${field}`) : `providers.${name}.${field}`;
}

/** The hint for a damaged vault. */
export function fromBackup(): string {
  return `restore the vault from a backup:\n${command('restore FILE')}`;
}

/** Logs an account in again. It names the account, so that a login of another user is refused. */
export function loginCommand(account: Named, profile = namedProfile()): string {
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
