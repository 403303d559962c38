import type { Account } from './account.js';
import { MINUTE } from './duration.js';

type Timed = Pick<Account, 'expiresAt' | 'issuedAt'>;

/** How long a token has to be valid unless the user says otherwise, in milliseconds. */
export const MIN_VALID = 5 * MINUTE;

/** A token this close to its expiry would be refused by the time it arrives. */
const MARGIN = 10_000;

/** Whether the access token can still be used at all. One without a known end counts as usable. */
export function isUsable(account: Pick<Account, 'expiresAt'>, now: number): boolean {
  return account.expiresAt === null || account.expiresAt - now > MARGIN;
}

/** Bearer (RFC 6750), and what Zoho has in its place. */
const BEARER: readonly string[] = ['bearer', 'zoho-oauthtoken'];

/** Whether having the access token is enough to use it, as with DPoP or MAC it is not. */
export function isBearer({ tokenType }: Pick<Account, 'tokenType'>): boolean {
  return BEARER.includes(tokenType.toLowerCase());
}

/**
 * Whether the access token is valid for at least `minValid` milliseconds, and for long enough to arrive. If the provider's
 * tokens live shorter than that, half of their lifetime counts instead, because otherwise every call would refresh. A clock
 * that was set back does not extend a token: one issued in the future is not trusted beyond its lifetime.
 */
export function isGoodEnough(account: Timed, minValid: number, now: number): boolean {
  if (account.expiresAt === null) return true;
  const lifetime = account.expiresAt - account.issuedAt;
  const least = Math.max(minValid, MARGIN);
  const wanted = least < lifetime ? least : lifetime / 2;
  const left = account.expiresAt - now;
  return left > wanted && left <= lifetime + MARGIN;
}

/**
 * Whether the access token really lives for `minValid` milliseconds. One that {@link isGoodEnough} accepts may not, where the
 * provider's tokens are short-lived: it is used as it is, with a warning.
 */
export function livesFor({ expiresAt }: Pick<Account, 'expiresAt'>, minValid: number, now: number): boolean {
  return expiresAt === null || expiresAt - now >= minValid;
}
