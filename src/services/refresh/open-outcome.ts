import { type Account, accountName } from '../../domain/account.js';
import { formatDuration, HOUR } from '../../domain/duration.js';
import { VaultError } from '../../domain/errors.js';
import { loginCommand, shellName } from '../../domain/hints.js';
import { ending, isUsable } from '../../domain/token-state.js';
import type { Intent, SealedAccount } from '../../stores/contract.js';

/*
 * A refresh request that may have reached the provider and got no final answer leaves its outcome open: a provider that
 * rotates refresh tokens may have replaced the one that is stored, and may end the whole grant when that one comes again
 * (RFC 9700 §4.14.2). So it is not sent again while the stored access token works, unless a person asks for it by name.
 */

/** What is said of every failure after which the outcome is open. @param since milliseconds since the epoch */
export function lostAnswer(since: number): string {
  return `the outcome of the refresh that began at ${new Date(since).toISOString()} is open: its answer was lost, and the provider may have replaced the refresh token`;
}

/** What can be done about it, a line each. */
export function openHint(account: Account, now: number): string {
  const again = `to send the refresh token once more: vault refresh ${shellName(account)} --force`;
  // Nothing is at stake any more: the answer to that will tell whether a login is needed.
  if (!isUsable(account, now)) return again;
  return `vault token ${shellName(account)} gives the stored access token\n${again}\nfor a new grant: ${loginCommand(account)}`;
}

/** For machines: goes into the details of an error. */
export function openDetails(since: number): { readonly open_since: string } {
  return { open_since: new Date(since).toISOString() };
}

/** @returns milliseconds since the epoch; null where an error leaves nothing open */
export function openSince(error: VaultError | null): number | null {
  const since = error?.details['open_since'];
  return typeof since === 'string' ? Date.parse(since) : null;
}

/**
 * An access token whose end is not known may work for ever, or have ended. It keeps a refresh back for as long as such tokens
 * usually live: a failure that changed nothing must not end all refreshes of the account.
 */
const UNKNOWN_END = HOUR;

/**
 * Whether the access token is taken to work while the outcome of a refresh is open.
 *
 * @param open null where there is none so far
 */
export function worksMeanwhile(account: Account, open: Pick<Intent, 'at'> | null, now: number): boolean {
  if (account.expiresAt !== null || open === null) return isUsable(account, now);
  // A clock that was set back must not make it longer.
  return Math.abs(now - open.at) < UNKNOWN_END;
}

/** Whether an access token is stored that still works. @param open as for {@link worksMeanwhile} */
export function isAtHand(account: SealedAccount, open: Pick<Intent, 'at'> | null, now: number): boolean {
  return account.sealed.accessToken !== null && worksMeanwhile(account, open, now);
}

/** Why nothing is sent while the outcome is open and the stored access token works. */
export function heldBack(account: Account, { at }: Pick<Intent, 'at'>, now: number): VaultError {
  const { expiresAt } = account;
  const refusal =
    expiresAt === null
      ? `is not refreshed for another ${formatDuration(UNKNOWN_END - Math.abs(now - at))}, in which its access token, whose end is not known, may work`
      : `is not refreshed while its access token works, which ${ending(expiresAt, now)}`;
  return new VaultError('refresh_interrupted', `${accountName(account)} ${refusal}; ${lostAnswer(at)}`, {
    hint: openHint(account, now),
    details: openDetails(at),
  });
}
