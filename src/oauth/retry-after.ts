import { HOUR, SECOND } from '../domain/duration.js';

/**
 * Reads a Retry-After header, in seconds or as a date (RFC 9110 §10.2.3).
 *
 * @param now milliseconds since the epoch
 * @returns milliseconds, at most one hour whatever the provider says; null when it says nothing that makes sense
 */
export function retryAfter(header: string | undefined, now: number): number | null {
  const text = header?.trim() ?? '';
  const wait = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) * SECOND : Date.parse(text) - now;
  // Date.parse reads "-5" as a date, long ago; a date in the past says as little as none.
  return Number.isNaN(wait) || wait < 0 ? null : Math.min(Math.ceil(wait), HOUR);
}
