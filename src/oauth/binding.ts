import { type Account, accountName } from '../domain/account.js';
import { VaultError } from '../domain/errors.js';
import { loginCommand } from '../domain/hints.js';
import type { ConfiguredProvider } from '../providers/contract.js';
import { isIssuer } from './discovery.js';

/**
 * Whether the configuration still names the issuer, the token endpoint and the client that an account's tokens came from. A
 * refresh token is sent nowhere else, whatever the configuration says now.
 *
 * @returns a `binding_changed`; null when all of them are the same
 */
export function bindingError(
  account: Account,
  provider: Pick<ConfiguredProvider, 'name' | 'clientId' | 'issuer' | 'endpoints'>,
): VaultError | null {
  const { endpoints } = provider;
  const same = {
    'client id': account.clientId === provider.clientId,
    issuer: isIssuer(provider.issuer, account.issuer),
    'token endpoint': endpoints === null || endpoints.token === account.tokenEndpoint,
  };
  const changed = Object.entries(same).find(([, isSame]) => !isSame)?.[0];
  if (changed === undefined) return null;
  return new VaultError(
    'binding_changed',
    `the ${changed} configured for ${provider.name} is not the one ${accountName(account)} was logged in with, so its refresh token is not sent`,
    { hint: `restore the old setting, or log in again: ${loginCommand(account)}` },
  );
}
