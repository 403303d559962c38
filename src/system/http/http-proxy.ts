import { setMaxListeners } from 'node:events';
import type { Duplex } from 'node:stream';
import type { Dispatcher } from 'undici';
import { VaultError } from '../../domain/errors.js';
import { CONNECT } from './http-direct.js';

export interface Proxies {
  /** @throws VaultError `config_invalid` when the proxy is not a URL */
  dispatcher(proxy: string): Dispatcher;
  /**
   * Opens a connection to a host through a proxy (RFC 9110 §9.3.6).
   *
   * @param proxy a URL that `dispatcher` accepted
   * @returns null for a proxy that does not speak HTTP, which only its dispatcher can use
   */
  tunnel(proxy: string, to: URL, signal: AbortSignal): Promise<Duplex> | null;
  /** Closes every connection, including those still being opened. */
  destroy(): Promise<void>;
}

/** Connections through proxies, by undici. */
export async function createProxies(): Promise<Proxies> {
  const { Client, ProxyAgent } = await import('undici');
  const closing = new AbortController();
  setMaxListeners(0, closing.signal);
  // Without the signal a connection being opened would outlive the pool and keep the process running.
  const connect = { ...CONNECT, signal: closing.signal };
  // undici's own timers are off: one deadline covers the whole exchange.
  const options = { headersTimeout: 0, bodyTimeout: 0 };
  const proxies = new Map<string, Dispatcher>();
  const tunnels = new Set<Dispatcher>();

  const viaProxy = (uri: string): Dispatcher => {
    const known = proxies.get(uri);
    if (known !== undefined) return known;
    try {
      const agent = new ProxyAgent({ ...options, uri, proxyTls: connect, requestTls: connect });
      proxies.set(uri, agent);
      return agent;
    } catch {
      // Not quoted: it may contain a password.
      throw new VaultError(
        'config_invalid',
        'the proxy named by HTTPS_PROXY or HTTP_PROXY is not an address',
        { hint: 'set it to an address such as http://proxy.example:3128, or unset it' },
      );
    }
  };

  return {
    dispatcher: viaProxy,
    tunnel(proxy, to, signal) {
      const { protocol, origin, username, password } = new URL(proxy);
      if (!/^https?:$/.test(protocol)) return null;
      const client = new Client(origin, { headersTimeout: 0, connect });
      tunnels.add(client);
      const host = `${to.hostname}:${to.port === '' ? 443 : to.port}`;
      const login = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
      const basic = { 'proxy-authorization': `Basic ${Buffer.from(login).toString('base64')}` };
      const headers = { host, ...(login === ':' ? {} : basic) };
      return client
        .connect({ path: host, headers, signal })
        .then(({ statusCode, socket }) => {
          if (statusCode === 200) return socket;
          socket.on('error', () => undefined).destroy();
          throw Object.assign(new Error('no tunnel'), { code: 'UND_ERR_ABORTED' });
        })
        .catch((failure: unknown) => {
          void client.destroy();
          throw failure;
        })
        .finally(() => tunnels.delete(client));
    },
    async destroy() {
      closing.abort();
      await Promise.all([...proxies.values(), ...tunnels].map((dispatcher) => dispatcher.destroy()));
    },
  };
}
