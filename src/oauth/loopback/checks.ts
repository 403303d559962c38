import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** What the listener checks of a request. */
export interface CallbackRequest {
  readonly method: string | undefined;
  /** Every Host header of the request. */
  readonly hosts: readonly string[];
  /** As sent, undecoded. */
  readonly target: string | undefined;
  /** The Cookie header; empty where there is none. */
  readonly cookies: string;
  /** The browser says that it does not display the answer, or not yet. */
  readonly unseen: boolean;
}

/** The start page, and the cookie by which its visitor is recognised. */
export interface Start {
  readonly path: string;
  readonly cookie: { readonly name: string; readonly value: string };
}

/** The expected callback. */
export interface Expected {
  /** `127.0.0.1:PORT` or `localhost:PORT`, as the browser sends it for the redirect URI. */
  readonly host: string;
  /** Path of the redirect URI; `/` where it has none. */
  readonly path: string;
  /** Path of the page without parameters, where the browser is redirected. */
  readonly pagePath: string;
  readonly state: string;
  /** Null when the user opens the provider's own URL: any browser may bring the answer then. */
  readonly start: Start | null;
}

export type Verdict =
  | { readonly kind: 'wrong_method' }
  | { readonly kind: 'wrong_host' }
  | { readonly kind: 'unknown_path' }
  | { readonly kind: 'page' }
  /** The start page, requested with its cookie or without. */
  | { readonly kind: 'start'; readonly known: boolean }
  /** The start page, requested by a browser on its own. */
  | { readonly kind: 'unseen' }
  | { readonly kind: 'wrong_state' }
  /** The right state without the cookie of the start page. */
  | { readonly kind: 'wrong_browser' }
  /** The right state with neither code nor error, or with one of them twice. */
  | { readonly kind: 'no_answer' }
  | { readonly kind: 'answer'; readonly url: URL; readonly refused: boolean };

/**
 * Checks a request in an order that reveals nothing to strangers and does not let them end the login: method, Host exactly
 * (a web page can make a browser send requests here under another name, DNS rebinding), path, state in constant time,
 * cookie, and only then the answer. An error without the right state or cookie does not count either.
 */
export function judge(request: CallbackRequest, expected: Expected): Verdict {
  if (request.method !== 'GET') return { kind: 'wrong_method' };
  if (request.hosts.length !== 1 || request.hosts[0] !== expected.host) return { kind: 'wrong_host' };
  const { start } = expected;
  const target = request.target ?? '';
  const path = target.split('?', 1)[0];
  if (path === expected.pagePath && target === path) return { kind: 'page' };
  const known = start === null || hasCookie(request.cookies, start.cookie);
  if (start !== null && isSame(target, start.path))
    return request.unseen ? { kind: 'unseen' } : { kind: 'start', known };
  if (path !== expected.path) return { kind: 'unknown_path' };
  const url = new URL(`http://${expected.host}${target}`);
  const states = url.searchParams.getAll('state');
  if (states.length !== 1 || !isSame(states[0] ?? '', expected.state)) return { kind: 'wrong_state' };
  if (!known) return { kind: 'wrong_browser' };
  const errors = url.searchParams.getAll('error');
  const codes = url.searchParams.getAll('code');
  const [only] = [...errors, ...codes];
  if (errors.length + codes.length !== 1 || only === '') return { kind: 'no_answer' };
  return { kind: 'answer', url, refused: errors.length === 1 };
}

export function callbackRequestOf(request: IncomingMessage): CallbackRequest {
  // The parsed headers keep only one Host; the raw ones alternate names and values.
  const raw = request.rawHeaders;
  const hosts = raw.filter((_, index) => index % 2 === 1 && raw[index - 1]?.toLowerCase() === 'host');
  const { cookie = '', ...headers } = request.headers;
  const purpose = ['sec-purpose', 'purpose', 'x-moz'].map((name) => String(headers[name] ?? '')).join();
  // https://www.w3.org/TR/fetch-metadata: browsers that send the header send `document` for a displayed page.
  const unseen =
    /prefetch|prerender|preview/i.test(purpose) || (headers['sec-fetch-dest'] ?? 'document') !== 'document';
  return { method: request.method, hosts, target: request.url, cookies: cookie, unseen };
}

/** RFC 6265 §5.4: pairs separated by `; `. */
function hasCookie(cookies: string, { name, value }: Start['cookie']): boolean {
  return cookies.split(';').some((pair) => isSame(pair.trim(), `${name}=${value}`));
}

/** Compares digests, so that the time reveals nothing. */
function isSame(given: string, expected: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text, 'utf8').digest();
  return timingSafeEqual(digest(given), digest(expected));
}
