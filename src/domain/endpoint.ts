const LOOPBACK_HOSTS: readonly string[] = ['127.0.0.1', '[::1]', 'localhost'];

/** Whether a host, as `URL.hostname` spells it, is this machine itself. */
export function isLoopbackHost(hostname: string): boolean {
  return LOOPBACK_HOSTS.includes(hostname);
}

/**
 * Reads the address of an endpoint: `https:`, or `http:` on a loopback host (RFC 6749 §3.1, §3.2), without user
 * information and without a fragment. The text must be printable ASCII, because the URL parser would silently drop
 * line breaks and tabs.
 *
 * @returns null when the text is anything else
 */
export function parseEndpoint(text: string): URL | null {
  if (!/^[\x21-\x7e]{1,4096}$/.test(text)) return null;
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null) return null;
  const safe = url.protocol === 'https:' || (url.protocol === 'http:' && isLoopbackHost(url.hostname));
  return safe && url.username === '' && url.password === '' && url.hash === '' ? url : null;
}

/** The servers to which a provider's entry sends the secret of its client, or whoever a callback names as one of them. */
export function secretServers(provider: {
  readonly endpoints: { readonly token: string; readonly deviceAuthorization: string | null } | null;
  readonly regions?: { readonly origins: readonly string[] };
}): readonly string[] {
  const { endpoints, regions } = provider;
  const addresses = [endpoints?.token, endpoints?.deviceAuthorization, ...(regions?.origins ?? [])];
  return addresses.flatMap((url) => (url == null ? [] : [new URL(url).origin]));
}

/** A redirect URI as it is registered at a provider: without a port where the system chooses one. */
export function redirectUri(redirect: {
  readonly host: string;
  readonly port: number;
  readonly path: string;
}): string {
  const { host, port, path } = redirect;
  return `http://${host}${port === 0 ? '' : `:${port}`}${path}`;
}
