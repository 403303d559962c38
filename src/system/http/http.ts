import { SECOND } from '../../domain/duration.js';
import { parseEndpoint } from '../../domain/endpoint.js';
import { VaultError } from '../../domain/errors.js';
import type { Http, HttpAnswer, HttpRequest } from '../contract.js';
import { createDispatchers, type Dispatchers } from './http-dispatch.js';
import { Exchange } from './http-exchange.js';

const DEADLINE = 20 * SECOND;

/**
 * Nothing is offered for compression: answers are small, and what is not compressed cannot be a bomb. Servers that
 * compress all the same are understood, within the same cap.
 */
const OWN_HEADERS = { 'user-agent': 'token-vault', 'accept-encoding': 'identity' };

/**
 * The HTTP client. The library behind it is loaded by the first request, so that commands without network never pay
 * for it.
 *
 * @param options `env` is read for HTTPS_PROXY, HTTP_PROXY and NO_PROXY. Certificate authorities come from the runtime
 *   (NODE_EXTRA_CA_CERTS); nothing turns the check of certificates off.
 */
export function createHttp(options: { readonly env: Readonly<Record<string, string | undefined>> }): Http {
  let dispatchers: Promise<Dispatchers> | null = null;
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
          {
            hint: 'correct the endpoints of this provider in config.json',
          },
        );
      }
      dispatchers ??= createDispatchers(options.env);
      const { dispatcher, proxied } = (await dispatchers).route(url);
      const { signal, deadline = DEADLINE, method, body = null } = request;
      const exchange = new Exchange({ deadline, signal, host: url.host, proxied });
      if (signal?.aborted !== true) {
        const path = `${url.pathname}${url.search}`;
        const headers = oneSpelling({ ...OWN_HEADERS, ...request.headers });
        dispatcher.dispatch({ origin: url.origin, path, method, headers, body }, exchange);
      }
      return exchange.answer;
    },
    async close(): Promise<void> {
      if (dispatchers !== null) await (await dispatchers).destroy();
    },
  };
}

/** `Accept` and `accept` are one header; of two spellings the later counts. */
function oneSpelling(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
