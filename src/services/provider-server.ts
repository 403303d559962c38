import type { Account } from '../domain/account.js';
import { VaultError } from '../domain/errors.js';
import { bindingError } from '../oauth/binding.js';
import type { ServerMetadata } from '../oauth/contract.js';
import { discover } from '../oauth/discovery.js';
import type { ConfiguredProvider } from '../providers/contract.js';
import type { Http } from '../system/contract.js';

/** The usual signing algorithms of id_tokens. If a server announces its own list, only that list is accepted. */
const USUAL_ALGORITHMS = ['RS256', 'ES256', 'PS256', 'EdDSA'];

/**
 * Where a provider's endpoints are: as built in or configured, else discovered from its issuer.
 *
 * @throws VaultError `network_failed`, `provider_unavailable`, `provider_answer_invalid`; `config_invalid` when the
 * server does not offer the PKCE method that protects the login
 */
export async function serverOf(
  provider: ConfiguredProvider,
  http: () => Promise<Http>,
  signal?: AbortSignal,
): Promise<ServerMetadata> {
  const { endpoints } = provider;
  if (endpoints !== null) {
    return {
      issuer: provider.issuer,
      issuerAssumed: provider.issuerAssumed ?? false,
      authorizationEndpoint: endpoints.authorization,
      tokenEndpoint: endpoints.token,
      revocationEndpoint: endpoints.revocation,
      deviceAuthorizationEndpoint: endpoints.deviceAuthorization,
      userinfoEndpoint: endpoints.userinfo,
      codeChallengeMethods: null,
      responseIssSupported: false,
      idTokenSigningAlgorithms: USUAL_ALGORITHMS,
    };
  }
  signal?.throwIfAborted();
  const order = provider.resource === undefined ? 'openid' : 'oauth';
  const options = { order, ...(signal && { signal }) } as const;
  const server = await discover(await http(), provider.issuer, options).catch((failure: unknown) => {
    signal?.throwIfAborted();
    throw failure;
  });
  const methods = server.codeChallengeMethods;
  if (provider.pkce && methods !== null && !methods.includes('S256')) {
    throw new VaultError(
      'config_invalid',
      `${provider.title} announces no support for PKCE with S256, which protects the login`,
      {
        hint: `if the server does not support PKCE at all, set providers.${provider.name}.pkce to false in config.json`,
      },
    );
  }
  return server;
}

/** @throws VaultError `binding_changed`; see {@link bindingError} */
export function requireSameBinding(account: Account, provider: ConfiguredProvider): void {
  const error = bindingError(account, provider);
  if (error !== null) throw error;
}
