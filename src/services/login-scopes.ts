import type { Account } from '../domain/account.js';
import type { Provider } from '../providers/contract.js';
import type { Vault } from '../vault/vault.js';
import type { LoginRequest } from './contract.js';

/**
 * The scopes to ask for: what the person names, else the provider's own choice, and always what tells who it is and
 * brings a refresh token.
 */
export function askedScopes(provider: Provider, named: readonly string[]): readonly string[] {
  const chosen = named.length > 0 ? named : provider.scopes;
  return [...new Set([...(provider.requiredScopes ?? []), ...chosen])];
}

/** What is peculiar to the provider in the authorization request of this login. */
export async function paramsFor(
  provider: Provider,
  vault: Vault | null,
  request: LoginRequest,
): Promise<Readonly<Record<string, string>>> {
  const { authorizeParams, reconsentParams } = provider;
  return (await needsConsent(vault, request)) ? { ...authorizeParams, ...reconsentParams } : authorizeParams;
}

/**
 * Whether the provider has to be asked for a new refresh token: unless the login evidently is for an account that has
 * a working one. Asking each time would cost the person another consent, and at some providers an older token.
 */
async function needsConsent(
  vault: Vault | null,
  request: Pick<LoginRequest, 'provider' | 'as' | 'loginHint'>,
): Promise<boolean> {
  const named = [request.as, request.loginHint];
  const accounts = vault === null ? [] : await vault.accounts({ provider: request.provider });
  return !accounts.some((account) => named.includes(account.label) && holdsWorkingToken(account));
}

function holdsWorkingToken(account: Account): boolean {
  return account.hasRefreshToken && account.status !== 'login_needed' && account.status !== 'revoked';
}
