import { type Account, accountName } from '../domain/account.js';
import { VaultError } from '../domain/errors.js';
import { loginCommand } from '../domain/hints.js';
import type { ServerMetadata } from '../oauth/contract.js';
import { discover, isIssuer } from '../oauth/discovery.js';
import type { ConfiguredProvider } from '../providers/contract.js';
import type { Http } from '../system/contract.js';

/** What servers sign id_tokens with; a server that announces its own list is held to that. */
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
  const server = await discover(await http(), provider.issuer, signal === undefined ? {} : { signal }).catch(
    (failure: unknown) => {
      signal?.throwIfAborted();
      throw failure;
    },
  );
  const methods = server.codeChallengeMethods;
  if (provider.pkce && methods !== null && !methods.includes('S256')) {
    throw new VaultError(
      'config_invalid',
      `${provider.title} announces no support for PKCE with S256, which protects the login`,
      {
        hint: `if it has no PKCE at all, set providers.${provider.name}.pkce to false in config.json`,
      },
    );
  }
  return server;
}

/**
 * Checks that the configuration still names the issuer, the token endpoint and the client that an account's tokens came
 * from. A refresh token is sent nowhere else, whatever the configuration says now.
 *
 * @throws VaultError `binding_changed`
 */
export function requireSameBinding(account: Account, provider: ConfiguredProvider): void {
  const changed =
    account.clientId !== provider.clientId
      ? 'client id'
      : !isIssuer(provider.issuer, account.issuer)
        ? 'issuer'
        : provider.endpoints !== null && provider.endpoints.token !== account.tokenEndpoint
          ? 'token endpoint'
          : null;
  if (changed === null) return;
  throw new VaultError(
    'binding_changed',
    `the ${changed} configured for ${provider.name} is not the one ${accountName(account)} was logged in with, so its refresh token is not sent`,
    { hint: `restore the old setting, or log in again: ${loginCommand(account)}` },
  );
}
