import { type Account, accountName } from '../domain/account.js';
import { VaultError } from '../domain/errors.js';
import { loginCommand } from '../domain/hints.js';
import { isIssuer } from '../oauth/issuer.js';
import type { ConfiguredProvider } from '../providers/contract.js';

/**
 * Checks that the configuration still names the issuer, the token endpoint and the client that an account's tokens
 * came from. A refresh token goes nowhere else, whatever a configuration file says today.
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
    { hint: `put the old setting back, or log in anew: ${loginCommand(account)}` },
  );
}
