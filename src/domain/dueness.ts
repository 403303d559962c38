import type { Account } from './account.js';
import { formatDuration } from './duration-text.js';

type Timed = Pick<Account, 'expiresAt' | 'grantExpiresAt'>;

/** Whether an account is due for a refresh, and why, in words. */
export interface Dueness {
  readonly due: boolean;
  readonly reason: string;
}

/**
 * An account is due when its access token or its grant expires within the given time, or when the expiry of the token is
 * unknown.
 *
 * @param within milliseconds
 */
export function dueness(account: Timed, within: number, now: number): Dueness {
  if (account.grantExpiresAt !== null && account.grantExpiresAt - now <= within) {
    return { due: true, reason: `the grant ${ending(account.grantExpiresAt, now)}` };
  }
  if (account.expiresAt === null) return { due: true, reason: 'the expiry of its access token is unknown' };
  const reason = `the access token ${ending(account.expiresAt, now)}`;
  return { due: account.expiresAt - now <= within, reason };
}

/** `expires in 3h 20m`, `expired 5m ago` */
export function ending(at: number, now: number): string {
  return at <= now ? `expired ${formatDuration(now - at)} ago` : `expires in ${formatDuration(at - now)}`;
}
