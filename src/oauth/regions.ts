import { VaultError } from '../domain/errors.js';
import type { Provider } from '../providers/contract.js';

type Located = Pick<Provider, 'endpoints' | 'identity'>;

/** The provider with the addresses of another of its servers. */
function atServer<P extends Located>(provider: P, server: string): P {
  const { endpoints, identity } = provider;
  if (endpoints === null) return provider;
  const home = new URL(endpoints.token).origin;
  const moved = (url: string) => (new URL(url).origin === home ? `${server}${url.slice(home.length)}` : url);
  const entries = Object.entries(endpoints).map(([name, url]) => [name, url === null ? null : moved(url)]);
  const { request } = identity;
  return {
    ...provider,
    endpoints: Object.fromEntries(entries) as unknown as typeof endpoints,
    identity: { ...identity, request: request && { ...request, url: moved(request.url) } },
  };
}

/** The provider at the server where an account was logged in; at its own, where that is none of its regions. */
export function whereLoggedIn<P extends Located & Pick<Provider, 'regions'>>(
  provider: P,
  { tokenEndpoint }: { readonly tokenEndpoint: string },
): P {
  const { origin } = new URL(tokenEndpoint);
  return provider.regions?.origins.includes(origin) === true ? atServer(provider, origin) : provider;
}

/**
 * The provider at the server that the callback names. Any other server could be an attacker's, who would receive the code (RFC 9700
 * §4.4), so it has to be one of the regions.
 *
 * @throws VaultError `login_refused`
 */
export function whereSent<P extends Located & Pick<Provider, 'regions'>>(provider: P, callback: URL): P {
  const { regions } = provider;
  const named = regions === undefined ? null : callback.searchParams.get(regions.parameter);
  if (regions === undefined || named === null) return provider;
  const origin = URL.canParse(named) ? new URL(named).origin : '';
  if (regions.origins.includes(origin)) return atServer(provider, origin);
  throw new VaultError(
    'login_refused',
    'the answer to the login names a server that is not known to be one of the provider',
    { details: { check: 'issuer' } },
  );
}
