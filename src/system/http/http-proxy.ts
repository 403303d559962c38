import { isLoopbackHost } from '../../domain/endpoint.js';

/**
 * The proxy for an address, by the variables Node's users know: HTTPS_PROXY for https, HTTP_PROXY where the former is
 * not set, NO_PROXY for the hosts to spare (`*`, or names with or without a leading dot, which cover what is below
 * them, each with an optional port; separated by commas or spaces). Lower-case names win. Loopback hosts never go
 * through a proxy: a server on this machine is none of its business.
 *
 * @returns null for a direct connection
 */
export function proxyFor(url: URL, env: Readonly<Record<string, string | undefined>>): string | null {
  if (isLoopbackHost(url.hostname)) return null;
  const value = (name: string) => env[name.toLowerCase()] ?? env[name] ?? '';
  const proxy = value('HTTPS_PROXY') || value('HTTP_PROXY');
  return proxy === '' || isSpared(url, value('NO_PROXY')) ? null : proxy;
}

function isSpared(url: URL, noProxy: string): boolean {
  const port = url.port === '' ? '443' : url.port;
  return noProxy.split(/[,\s]+/).some((entry) => {
    if (entry === '') return false;
    if (entry === '*') return true;
    const [, host = entry, onlyPort = port] = /^(.+):(\d+)$/.exec(entry) ?? [];
    const name = host.replace(/^\*?\./, '').toLowerCase();
    return onlyPort === port && (url.hostname === name || url.hostname.endsWith(`.${name}`));
  });
}
