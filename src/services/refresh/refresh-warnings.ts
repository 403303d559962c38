import { type Account, accountName } from '../../domain/account.js';
import { loginCommand, widenHint } from '../../domain/hints.js';
import { missingScopes, readable } from '../../domain/scopes.js';

/* Warnings about a refresh that succeeded: the new refresh token cannot be used, or scopes were withdrawn. */

/** Becomes the reason of an account's status. */
export const UNUSABLE_TOKEN =
  'the provider sent a new refresh token that cannot be used, so the old one was kept';

/**
 * The warning about an answer with a good access token and an unusable refresh token. Whether the old one still works shows
 * only at the next refresh, which may run unattended.
 *
 * @returns null when the last answer was in order
 */
export function unusableTokenWarning(account: Account): string | null {
  const noted = account.failures === 0 && account.lastError === 'provider_answer_invalid';
  if (!noted) return null;
  return `${accountName(account)}: ${UNUSABLE_TOKEN}; the next refresh may fail; log in again to be safe: ${loginCommand(account)}`;
}

/** Scopes that were granted before and are no longer. */
export function withdrawnScopes(before: Account, after: Account): readonly string[] {
  return missingScopes(before.grantedScopes, after.grantedScopes);
}

export function withdrawalWarning(account: Account, withdrawn: readonly string[]): string {
  const { length } = withdrawn;
  const scopes = `the scope${length === 1 ? '' : 's'} ${readable(withdrawn.join(' '))}`;
  const again = `to grant ${length === 1 ? 'it' : 'them'} again: ${widenHint(account, withdrawn)}`;
  return `${accountName(account)} no longer has ${scopes}, which the provider left out of this refresh; ${again}`;
}

/** @returns null when there is none */
export function joined(warnings: readonly (string | null | undefined)[]): string | null {
  return warnings.filter((warning) => typeof warning === 'string').join('; ') || null;
}
