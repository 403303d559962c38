import type { Connected, HelperCall } from './contract.js';

const LOOPBACK = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/;

export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host);
}

/**
 * The host, with its port where it is not the usual one, of a host, a registry or a URL.
 *
 * @param text a kind of registry may stand before the URL, as in `sparse+https://`
 * @returns null where there is none, or where a token would not be encrypted on its way
 */
export function hostOf(text: string): string | null {
  const [, scheme = 'https', rest = ''] = /^(?:[a-z]+\+)?(?:([a-z]+):\/\/)?(.+)$/i.exec(text) ?? [];
  const url = `${scheme}://${rest}`;
  if (!URL.canParse(url)) return null;
  const { host, protocol } = new URL(url);
  const safe = protocol === 'https:' || (protocol === 'http:' && isLoopback(host));
  return safe && host !== '' ? host : null;
}

/** What was connected for this very host. A token is given to no other, and to no subdomain. */
export async function connectedFor(call: HelperCall, text: string): Promise<Connected | null> {
  const host = hostOf(text);
  if (host === null) return null;
  return (await call.connected()).find(({ target }) => hostOf(target) === host) ?? null;
}
