import { type Account, accountName } from '../domain/account.js';
import { VaultError } from '../domain/errors.js';
import { command, loginCommand, setProvider } from '../domain/hints.js';
import { quoted } from '../domain/safe-text.js';
import type { ConfiguredProvider } from '../providers/contract.js';
import { isIssuer } from './discovery.js';
import { whereLoggedIn } from './regions.js';

/**
 * Whether the configuration still names the issuer, the token endpoint and the client that an account's tokens came from. A
 * refresh token is sent nowhere else, whatever the configuration says now.
 *
 * @returns a `binding_changed`; null when all of them are the same
 */
export function bindingError(
  account: Account,
  provider: Pick<
    ConfiguredProvider,
    'name' | 'clientId' | 'issuer' | 'endpoints' | 'identity' | 'regions' | 'registered'
  >,
): VaultError | null {
  const { endpoints } = whereLoggedIn(provider, account);
  const same = {
    'client id': account.clientId === provider.clientId,
    // An imported account may have the template itself, until it is known whose it is.
    issuer: account.issuer === provider.issuer || isIssuer(provider.issuer, account.issuer),
    'token endpoint': endpoints === null || endpoints.token === account.tokenEndpoint,
  };
  const changed = (Object.keys(same) as (keyof typeof same)[]).find((each) => !same[each]);
  if (changed === undefined) return null;
  if (changed === 'client id' && provider.registered === true) {
    const which =
      provider.clientId === '' ? 'that is no longer registered' : 'that has been replaced by another one';
    return new VaultError(
      'login_needed',
      `${accountName(account)} was logged in with a client ${which}, so its refresh token is of no use`,
      { hint: loginCommand(account) },
    );
  }
  return new VaultError(
    'binding_changed',
    `the ${changed} configured for ${provider.name} is not the one ${accountName(account)} was logged in with, so its refresh token is not sent`,
    { hint: `${restoring(account, provider.name, changed)}\nor log in again: ${loginCommand(account)}` },
  );
}

/** The command that sets back what was changed. */
function restoring(
  { clientId, issuer, tokenEndpoint }: Account,
  provider: string,
  changed: 'client id' | 'issuer' | 'token endpoint',
): string {
  const was = { 'client id': clientId, issuer, 'token endpoint': tokenEndpoint }[changed];
  // A client id is in the .env or in config.json; only `setup` knows where.
  if (changed === 'client id')
    return `to set it back: ${command(`setup ${quoted(provider)} --client-id ${quoted(was)}`)}`;
  return `to set it back: ${setProvider(provider, changed === 'issuer' ? 'issuer' : 'tokenEndpoint', was)}`;
}
