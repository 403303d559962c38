import { DAY, SECOND } from '../domain/duration.js';
import { type Members, member } from './answer-body.js';

/** Ten years. What claims to live longer is told apart from no token that lives for ever. */
const LONGEST = (3_650 * DAY) / SECOND;

/**
 * Reads a lifetime in seconds, as a number or as digits (PayPal, older Azure), clamped to ten years. Zero means
 * "does not end" where it is used (Mailchimp) and is therefore as good as absent.
 *
 * @param names the first that is there counts
 * @returns null when unknown; a value that makes no sense is also named in `flaws`
 */
export function readLifetime(holder: Members, names: readonly string[], flaws: string[]): number | null {
  const name = names.find((candidate) => (member(holder, candidate) ?? null) !== null);
  if (name === undefined) return null;
  const value = member(holder, name);
  const digits = typeof value === 'string' && /^\s*\d{1,20}(?:\.\d+)?\s*$/.test(value);
  const seconds = digits ? Number(value) : value;
  // `expires` is a lifetime at one provider (Facebook) and a point in time at others.
  const isDate = name === 'expires' && Number(seconds) > LONGEST;
  if (typeof seconds !== 'number' || !(seconds >= 0) || isDate) {
    flaws.push(`${name} makes no sense`);
    return null;
  }
  return seconds < 1 ? null : Math.min(Math.floor(seconds), LONGEST);
}
