import { SECOND } from '../../domain/duration.js';
import type { Secret } from '../../domain/secret.js';
import { issuedAt } from '../../oauth/claims.js';

/** One this close to its end would be refused by the time it arrives. */
const MARGIN = 10 * SECOND;

/**
 * Whether an id_token is valid for `minValid` milliseconds. As for access tokens, half of the lifetime counts where they live
 * shorter than that.
 */
export function livesLongEnough(token: Secret, expiresAt: number, minValid: number, now: number): boolean {
  const half = (expiresAt - issuedAt(token)) / 2;
  const least = Math.max(minValid, MARGIN);
  return expiresAt - now > (half > 0 ? Math.min(least, half) : least);
}
