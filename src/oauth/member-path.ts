import { member } from './answer-body.js';
import { printable } from './clean.js';

const LONGEST_VALUE = 512;

/** The documents an identity can be read from; the first one is meant where a path names none. */
export interface Documents {
  readonly main: unknown;
  /** The id_token's claims. */
  readonly claims: unknown;
}

/**
 * Reads `owner.user.id`, `items.0.id`, alternatives `sub|id`, or `id_token.sub`, which names its document.
 *
 * @returns the text or the digits found, on one line; null when there is none, or when it is too long to be a name
 */
export function readPath(path: string, documents: Documents): string | null {
  for (const alternative of path.split('|')) {
    const steps = alternative.split('.');
    const fromClaims = steps[0] === 'id_token';
    const start = fromClaims ? documents.claims : documents.main;
    const found = asText((fromClaims ? steps.slice(1) : steps).reduce(member, start));
    if (found !== null) return found;
  }
  return null;
}

/** The first path that leads somewhere. */
export function readFirst(paths: readonly string[], documents: Documents): string | null {
  for (const path of paths) {
    const found = readPath(path, documents);
    if (found !== null) return found;
  }
  return null;
}

function asText(value: unknown): string | null {
  // Beyond the safe integers two people could share the digits.
  if (typeof value === 'number') return Number.isSafeInteger(value) ? String(value) : null;
  if (typeof value !== 'string' || value.length > LONGEST_VALUE) return null;
  return printable(value, LONGEST_VALUE);
}
