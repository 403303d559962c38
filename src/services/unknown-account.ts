import { accountName } from '../domain/account.js';
import { reworded } from '../domain/error-forms.js';
import { isKeyFailure, VaultError } from '../domain/errors.js';
import { command, shellName } from '../domain/hints.js';
import type { MailProtocolName } from '../domain/mailbox.js';
import type { AccountRef } from '../stores/contract.js';
import type { Vault } from '../vault/vault.js';

/* What is said where a selector selects several accounts, or one that may have been deleted. */

/** The command that takes the account, for hints. */
export type Verb =
  | `check ${MailProtocolName}`
  | 'connect'
  | 'default'
  | 'exec'
  | 'login'
  | 'refresh'
  | 'rename'
  | 'revoke'
  | 'show'
  | 'token';

/** For these the default is not taken: it might not be what is meant. */
const NO_DEFAULT: readonly Verb[] = ['rename', 'revoke'];

const LISTED = 20;

/** Whether the default is taken among these accounts: where a provider is named, or nothing. */
export function takesDefault(accounts: readonly AccountRef[], selector: string | null, verb: Verb): boolean {
  const anyOf = selector === null || accounts.every(({ provider }) => provider === selector);
  return anyOf && !NO_DEFAULT.includes(verb);
}

export function ambiguous(
  selector: string | null,
  matching: readonly [AccountRef, ...AccountRef[]],
  verb: Verb,
): VaultError {
  const names = matching.map(accountName);
  const shown = names.slice(0, LISTED).join(', ') + (names.length > LISTED ? ', …' : '');
  const what = selector === null ? 'there are several accounts' : `several accounts match ${selector}`;
  const line = `${verb} ${shellName(matching[0])}${verb === 'exec' ? ' -- PROGRAM' : ''}`;
  const name = `name one of them, for example: ${command(line)}`;
  const choose = `or choose the one to take: ${command(`default ${shellName(matching[0])}`)}`;
  return new VaultError('account_ambiguous', `${what}: ${shown}`, {
    hint: takesDefault(matching, selector, verb) ? `${name}\n${choose}` : name,
    details: { accounts: names },
  });
}

/**
 * Before an account is reported missing: checks that no account was deleted from the database by another program. Without the key
 * that cannot be checked, and the error says so.
 *
 * @param error reports that there is no such account
 * @returns the same, or the `vault_damaged` that was found instead
 */
export async function confirmMissing(vault: Vault | null, error: VaultError): Promise<VaultError> {
  try {
    await vault?.verifyRowSet();
    return error;
  } catch (failure) {
    if (!(failure instanceof VaultError)) throw failure;
    if (!isKeyFailure(failure)) return failure;
    const why = `could not check whether it was deleted from the database: ${failure.message}`;
    return reworded(error, { message: `${error.message}; ${why}`, cause: failure });
  }
}
