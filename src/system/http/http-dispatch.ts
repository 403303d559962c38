import { setMaxListeners } from 'node:events';
import type { Dispatcher } from 'undici';
import { SECOND } from '../../domain/duration.js';
import { VaultError } from '../../domain/errors.js';
import { proxyFor } from './http-proxy.js';

const CONNECT_TIMEOUT = 10 * SECOND;
/** Node's own 250 ms gives up on an address of a distant host before its answer can be back. */
const ADDRESS_TIMEOUT = SECOND;
const CONNECTIONS_PER_HOST = 64;

export interface Route {
  readonly dispatcher: Dispatcher;
  readonly proxied: boolean;
}

export interface Dispatchers {
  /** @throws VaultError `config_invalid` when the proxy variable holds no address */
  route(url: URL): Route;
  /** Cuts every connection, those still being made included. */
  destroy(): Promise<void>;
}

/** Connection pools that keep connections alive: one straight to the hosts, one through the environment's proxy. */
export async function createDispatchers(
  env: Readonly<Record<string, string | undefined>>,
): Promise<Dispatchers> {
  const { Agent, ProxyAgent } = await import('undici');
  const closing = new AbortController();
  setMaxListeners(0, closing.signal);
  const connect = {
    minVersion: 'TLSv1.2',
    // Said outright, because otherwise NODE_TLS_REJECT_UNAUTHORIZED=0 would decide.
    rejectUnauthorized: true,
    timeout: CONNECT_TIMEOUT,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: ADDRESS_TIMEOUT,
    // Without it a connection that is still being made would outlive the pool and keep the process alive.
    signal: closing.signal,
  } as const;
  // The library's own timers are off: one deadline covers the whole exchange.
  const options = { connections: CONNECTIONS_PER_HOST, headersTimeout: 0, bodyTimeout: 0 };
  const direct = new Agent({ ...options, connect });
  const proxies = new Map<string, Dispatcher>();

  const viaProxy = (uri: string): Dispatcher => {
    const known = proxies.get(uri);
    if (known !== undefined) return known;
    try {
      const agent = new ProxyAgent({ ...options, uri, proxyTls: connect, requestTls: connect });
      proxies.set(uri, agent);
      return agent;
    } catch {
      // Not quoted: it may hold a password.
      throw new VaultError(
        'config_invalid',
        'the proxy named by HTTPS_PROXY or HTTP_PROXY is not an address',
        {
          hint: 'set it to an address such as http://proxy.example:3128, or unset it',
        },
      );
    }
  };

  return {
    route(url) {
      const proxy = proxyFor(url, env);
      return proxy === null
        ? { dispatcher: direct, proxied: false }
        : { dispatcher: viaProxy(proxy), proxied: true };
    },
    async destroy() {
      closing.abort();
      await Promise.all([direct, ...proxies.values()].map((dispatcher) => dispatcher.destroy()));
    },
  };
}
