import { type Account, accountName } from '../../domain/account.js';
import { ending } from '../../domain/dueness.js';
import { HOUR } from '../../domain/duration.js';
import { formatDuration } from '../../domain/duration-text.js';
import { VaultError } from '../../domain/errors.js';
import { command, loginCommand, shellName } from '../../domain/hints.js';
import { isUsable } from '../../domain/token-state.js';
import type { Intent, SealedAccount } from '../../stores/contract.js';

/*
 * What commands say about a refresh whose outcome is open.
 *
 * A request that may have reached the provider and got no final answer leaves its outcome open: a provider that rotates refresh
 * tokens may have replaced the stored one, and may end the whole grant when it is used again (RFC 9700 §4.14.2). So it is not
 * sent again while the stored access token works, except with `--force` and the account's name.
 */

/** Part of every error after which the outcome is open. @param since milliseconds since the epoch */
export function openOutcome(since: number): string {
  return `the outcome of the refresh that began at ${new Date(since).toISOString()} is open: no final answer came, and the provider may have replaced the refresh token`;
}

/** What to do about it, a line each. */
export function openHint(account: Account, now: number): string {
  const again = `to send the refresh token once more: ${command(`refresh ${shellName(account)} --force`)}`;
  // Nothing can be lost any more, and the answer tells whether a login is needed.
  if (!isUsable(account, now)) return again;
  return `for the stored access token: ${command(`token ${shellName(account)}`)}\n${again}\nfor a new grant: ${loginCommand(account)}`;
}

/** For the details of an error. */
export function openDetails(since: number): { readonly open_since: string } {
  return { open_since: new Date(since).toISOString() };
}

/** @returns milliseconds since the epoch; null when the error leaves nothing open */
export function openSinceOf(error: VaultError | null): number | null {
  const since = error?.details['open_since'];
  return typeof since === 'string' ? Date.parse(since) : null;
}

/** For how long an access token of unknown lifetime is assumed to work. After that the refresh token is sent again. */
const ASSUMED_LIFETIME = HOUR;

/** Whether the access token is assumed to work while the outcome of a refresh is open. @param openIntent null if none is */
export function worksWhileOpen(
  account: Account,
  openIntent: Pick<Intent, 'at'> | null,
  now: number,
): boolean {
  if (account.expiresAt !== null || openIntent === null) return isUsable(account, now);
  // A clock that was set back must not extend it.
  return Math.abs(now - openIntent.at) < ASSUMED_LIFETIME;
}

/** Whether there is an access token that still works. @param openIntent as for {@link worksWhileOpen} */
export function hasUsableToken(
  account: SealedAccount,
  openIntent: Pick<Intent, 'at'> | null,
  now: number,
): boolean {
  return account.sealed.accessToken !== null && worksWhileOpen(account, openIntent, now);
}

/** Why nothing is sent while the outcome is open and the stored access token works. */
export function notSentWhileOpen(account: Account, { at }: Pick<Intent, 'at'>, now: number): VaultError {
  const { expiresAt } = account;
  const refusal =
    expiresAt === null
      ? `is not refreshed for another ${formatDuration(ASSUMED_LIFETIME - Math.abs(now - at))}, because its access token may still work (its lifetime is unknown)`
      : `is not refreshed while its access token works; that token ${ending(expiresAt, now)}`;
  return new VaultError('refresh_interrupted', `${accountName(account)} ${refusal}; ${openOutcome(at)}`, {
    hint: openHint(account, now),
    details: openDetails(at),
  });
}
