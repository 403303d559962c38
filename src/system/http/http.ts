import { once } from '../../domain/async.js';
import { SECOND } from '../../domain/duration.js';
import { isLoopbackHost, parseEndpoint } from '../../domain/endpoint.js';
import { VaultError } from '../../domain/errors.js';
import type { Http, HttpAnswer, HttpRequest } from '../contract.js';
import { userId } from '../files/file-failure.js';
import { createTcpOwners } from '../tcp.js';
import { createDirect } from './http-direct.js';
import { Exchange } from './http-exchange.js';
import { loopbackGuard } from './loopback-guard.js';

const DEADLINE = 20 * SECOND;

/**
 * No compression is offered: answers are small, and a compression bomb becomes impossible. Answers of servers that compress
 * nevertheless are read, within the same cap.
 */
const OWN_HEADERS = { 'user-agent': 'token-vault', 'accept-encoding': 'identity' };

export interface HttpOptions {
  /** Read for HTTPS_PROXY, HTTP_PROXY and NO_PROXY. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The user whose servers on this machine are trusted, besides root's; default: the current one. */
  readonly uid?: number | undefined;
  /** Whether any user may listen at this origin; default: no. */
  readonly insecureLoopback?: (origin: string) => Promise<boolean>;
}

/**
 * The HTTP client, loaded by the first request: Node's own client, and undici through a proxy.
 *
 * Certificate authorities come from the runtime (NODE_EXTRA_CA_CERTS); nothing disables the check of certificates.
 */
export function createHttp(options: HttpOptions): Http {
  const { uid = userId() ?? undefined, insecureLoopback: allowed = async () => false } = options;
  const guard = loopbackGuard({ uid, allowed, owners: createTcpOwners(uid) });
  const direct = createDirect(guard);
  const proxies = once(async () => (await import('./http-proxy.js')).createProxies());
  return {
    /**
     * @throws TransportFailure when there is no whole answer
     * @throws VaultError `config_invalid` for an address that is neither https nor loopback, a header that cannot be
     *   sent, or a proxy that is no address
     */
    async send(request: HttpRequest): Promise<HttpAnswer> {
      const url = parseEndpoint(request.url);
      if (url === null) {
        throw new VaultError(
          'config_invalid',
          'an endpoint is neither an https address nor one of this machine',
          { hint: 'correct the endpoints of this provider in config.json' },
        );
      }
      const proxy = proxyFor(url, options.env);
      const { signal, deadline = DEADLINE, method, body = null, acceptPart = false } = request;
      const limits = { deadline, signal, host: url.host, proxied: proxy !== null, acceptPart };
      const headers = oneSpelling({ ...OWN_HEADERS, ...request.headers });
      const through = proxy === null ? null : { proxy, ...(await proxies()) };
      const dispatcher = through?.dispatcher(through.proxy);
      const exchange = new Exchange(limits);
      if (signal?.aborted === true) return exchange.answer;
      const message = { method, headers, body };
      const tunnel = through?.tunnel(through.proxy, url, exchange.settled);
      if (tunnel !== null) direct.send(url, message, exchange, tunnel);
      else
        dispatcher?.dispatch({ ...message, origin: url.origin, path: url.pathname + url.search }, exchange);
      return exchange.answer;
    },
    async close(): Promise<void> {
      direct.destroy();
      if (proxies.called) await (await proxies()).destroy();
    },
  };
}

/** `Accept` and `accept` are one header; the later value wins. */
function oneSpelling(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

/**
 * The proxy for a URL: HTTPS_PROXY for https, else HTTP_PROXY; NO_PROXY lists hosts to exclude (`*`, or names with or
 * without a leading dot, which include subdomains, each with an optional port; separated by commas or spaces). Lower-case
 * names win. Loopback hosts are never proxied.
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
