import { type Account, accountName } from '../../domain/account.js';
import { VaultError } from '../../domain/errors.js';
import { shellName } from '../../domain/hints.js';
import type { Secret } from '../../domain/secret.js';
import type { RevocationOutcome } from '../../oauth/contract.js';
import { revoke } from '../../oauth/revocation.js';
import type { ConfiguredProvider } from '../../providers/contract.js';
import type { Http } from '../../system/contract.js';
import type { Contents } from '../../vault/sealed-record.js';
import { serverOf } from '../server.js';

/** What the provider made of it; `reason` is for the person in every case. */
export type ProviderAnswer =
  | { readonly kind: 'revoked'; readonly reason: string }
  | { readonly kind: 'unsupported'; readonly reason: string }
  | { readonly kind: 'transient' | 'refused'; readonly reason: string; readonly error: VaultError };

/**
 * Revokes the refresh token, which ends the access tokens with it (RFC 7009 §2.1); the access token where there is no
 * other, or where the provider revokes only those.
 *
 * @throws VaultError when the endpoints cannot be discovered
 */
export async function askProvider(
  deps: { readonly http: () => Promise<Http> },
  provider: ConfiguredProvider,
  account: Account,
  contents: Contents,
): Promise<ProviderAnswer> {
  if (provider.revocation.style === 'none') return unsupported(provider);
  const { revocationEndpoint } = await serverOf(provider, deps.http);
  if (revocationEndpoint === null) return unsupported(provider);
  if (provider.endpoints !== null) requireOwnServer(account, provider, revocationEndpoint);
  return inWords(
    await revokeTokens(await deps.http(), provider, revocationEndpoint, contents),
    provider,
    account,
  );
}

/**
 * Revokes the refresh token; the access token where there is no other, or where the provider revokes only those.
 *
 * @param deadline milliseconds for each request; the HTTP client's own when left out
 */
export async function revokeTokens(
  http: Http,
  provider: ConfiguredProvider,
  endpoint: string,
  { refreshToken, accessToken }: Pick<Contents, 'refreshToken' | 'accessToken'>,
  deadline?: number,
): Promise<RevocationOutcome> {
  const tokens: (readonly [Secret, 'refresh_token' | 'access_token'])[] = [];
  if (refreshToken !== null) tokens.push([refreshToken, 'refresh_token']);
  if (accessToken !== null) tokens.push([accessToken, 'access_token']);
  let outcome: RevocationOutcome = { kind: 'already_gone' };
  for (const [token, hint] of tokens) {
    outcome = await revoke(http, {
      endpoint,
      token,
      hint,
      facts: provider.revocation,
      provider,
      clientId: provider.clientId,
      clientSecret: provider.clientSecret,
      ...(deadline === undefined ? {} : { deadline }),
    });
    if (outcome.kind !== 'refused' || outcome.error !== 'unsupported_token_type') break;
  }
  return outcome;
}

/**
 * A revocation carries the live refresh token, so it goes only to the server that gave it. An endpoint discovered from
 * the account's own issuer is that server's word; one from a configuration file has to be on the same origin.
 */
export function isOwnServer(endpoint: string, of: Pick<Account, 'tokenEndpoint' | 'issuer'>): boolean {
  const origins = [of.tokenEndpoint, of.issuer].map((url) => new URL(url).origin);
  return origins.includes(new URL(endpoint).origin);
}

function requireOwnServer(account: Account, provider: ConfiguredProvider, endpoint: string): void {
  if (isOwnServer(endpoint, account)) return;
  throw new VaultError(
    'binding_changed',
    `the revocation endpoint configured for ${provider.name} is on another server than the one ${accountName(account)} was logged in at, so its refresh token is not sent there`,
    {
      hint: `correct providers.${provider.name}.revocationEndpoint in config.json, or only forget it here: vault revoke --local ${shellName(account)}`,
    },
  );
}

function inWords(outcome: RevocationOutcome, provider: ConfiguredProvider, account: Account): ProviderAnswer {
  const name = accountName(account);
  const forget = `to forget it here all the same: vault revoke --local ${shellName(account)}`;
  switch (outcome.kind) {
    case 'revoked':
      return { kind: 'revoked', reason: `revoked at ${provider.title} and forgotten here` };
    case 'already_gone':
      return { kind: 'revoked', reason: `${provider.title} had ended the grant already; forgotten here` };
    case 'unsupported':
      return unsupported(provider);
    case 'transient': {
      const error = new VaultError('provider_unavailable', `${name} was not revoked: ${outcome.reason}`, {
        hint: `try again later; ${forget}`,
      });
      return {
        kind: 'transient',
        reason: `forgotten here, but the grant at ${provider.title} may live on: ${outcome.reason}`,
        error,
      };
    }
    case 'refused': {
      const said = outcome.description === null ? outcome.error : `${outcome.error}: ${outcome.description}`;
      const error = new VaultError(
        'client_refused',
        `${provider.title} refuses to revoke ${name} (${said})`,
        {
          hint: forget,
        },
      );
      return {
        kind: 'refused',
        reason: `forgotten here, but ${provider.title} refused to revoke it (${said})`,
        error,
      };
    }
  }
}

function unsupported(provider: ConfiguredProvider): ProviderAnswer {
  return {
    kind: 'unsupported',
    reason: `forgotten here; ${provider.title} has no way to revoke a grant from a program, so it lives on until you remove it there`,
  };
}
