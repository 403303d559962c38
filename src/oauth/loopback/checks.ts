import { createHash, timingSafeEqual } from 'node:crypto';

/** What the listener looks at, taken from a request as it came. */
export interface Visit {
  readonly method: string | undefined;
  /** Every Host header of the request. */
  readonly hosts: readonly string[];
  /** The request target as sent, undecoded. */
  readonly target: string | undefined;
}

/** What the one right callback looks like. */
export interface Expected {
  /** `127.0.0.1:PORT` or `localhost:PORT`, as the browser sends it for the redirect URI. */
  readonly host: string;
  /** Path of the redirect URI; `/` where it has none. */
  readonly path: string;
  /** Path of the page without parameters that the browser is sent to. */
  readonly pagePath: string;
  readonly state: string;
}

export type Verdict =
  | { readonly kind: 'wrong_method' }
  | { readonly kind: 'wrong_host' }
  | { readonly kind: 'unknown_path' }
  | { readonly kind: 'page' }
  | { readonly kind: 'wrong_state' }
  /** The right state with neither code nor error, or with one of them twice. */
  | { readonly kind: 'no_answer' }
  | { readonly kind: 'answer'; readonly url: URL; readonly refused: boolean };

/**
 * Judges a request in an order in which a stranger learns nothing and ends nothing: method, Host exactly (a web page
 * can make a browser send requests here under another name, DNS rebinding), path, state in constant time, and only
 * then what it brings. An error without the right state is a stranger's too.
 */
export function judge(visit: Visit, expected: Expected): Verdict {
  if (visit.method !== 'GET') return { kind: 'wrong_method' };
  if (visit.hosts.length !== 1 || visit.hosts[0] !== expected.host) return { kind: 'wrong_host' };
  const target = visit.target ?? '';
  const path = target.split('?', 1)[0];
  if (path === expected.pagePath && target === path) return { kind: 'page' };
  if (path !== expected.path) return { kind: 'unknown_path' };
  const url = new URL(`http://${expected.host}${target}`);
  const states = url.searchParams.getAll('state');
  if (states.length !== 1 || !isSame(states[0] ?? '', expected.state)) return { kind: 'wrong_state' };
  const errors = url.searchParams.getAll('error');
  const codes = url.searchParams.getAll('code');
  const [only] = [...errors, ...codes];
  if (errors.length + codes.length !== 1 || only === '') return { kind: 'no_answer' };
  return { kind: 'answer', url, refused: errors.length === 1 };
}

/** Compares digests, so that the time taken tells neither how much was right nor how long the right one is. */
function isSame(given: string, expected: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text, 'utf8').digest();
  return timingSafeEqual(digest(given), digest(expected));
}
