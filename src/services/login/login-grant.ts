import { accountName, type Identity } from '../../domain/account.js';
import { VaultError } from '../../domain/errors.js';
import { command } from '../../domain/hints.js';
import { type RepeatableGrant, repeatedGrant } from '../../domain/repeatable-grant.js';
import { quoted } from '../../domain/safe-text.js';
import type { Secret } from '../../domain/secret.js';
import { TransportFailure } from '../../domain/transport.js';
import { requestGrant } from '../../oauth/token-endpoint.js';
import type { ConfiguredProvider } from '../../providers/contract.js';
import type { Vault } from '../../vault/vault.js';
import { serverOf } from '../provider-server.js';
import { requestRefresh } from '../refresh/request-refresh.js';
import { grantRefusal, unreachable } from '../refusals.js';
import { selectAccount } from '../select-account.js';
import { subjectToken } from '../subject-token.js';
import { finish, type LoginRun } from './login-finish.js';
import type { LoginRequest, LoginResult } from './login-request.js';
import type { LoginTarget } from './login-target.js';

/** @throws VaultError `usage` for options that only a user's login has */
export function checkGrantLogin(
  { name, title }: ConfiguredProvider,
  grant: RepeatableGrant,
  request: LoginRequest,
): void {
  const given = {
    '--device': request.device,
    '--paste': request.pasteOnly,
    '--no-browser': !request.openBrowser,
    '--port': request.port !== null,
    '--login-hint': request.loginHint !== null,
  };
  const option = Object.entries(given).find(([, isGiven]) => isGiven)?.[0];
  if (option === undefined) return;
  throw new VaultError(
    'usage',
    `${option} is for the login of a user, and ${title} is set up with the grant ${grant}, which asks no user`,
    { hint: command(`login ${quoted(name)}`) },
  );
}

/**
 * Adds an account without a user: requests a token with the client's own credentials (RFC 6749 §4.4), and then the account belongs
 * to the client; or in exchange for the token of another account (RFC 8693), and then to the user of that one. It is renewed by the
 * same request.
 *
 * @throws VaultError
 */
export async function loginWithGrant(
  ctx: LoginRun,
  vault: Vault,
  provider: ConfiguredProvider,
  target: LoginTarget,
): Promise<LoginResult> {
  const { grant = 'client_credentials', clientId, clientSecret } = provider;
  const { interruption: signal, clock } = ctx;
  const server = await serverOf(provider, ctx.http, signal);
  const source = await sourceOf(ctx, vault, provider);
  const http = await ctx.http();
  const at = clock.now();
  const { scopes } = target;
  const to = { endpoint: server.tokenEndpoint, provider, clientId, clientSecret, signal, now: clock.now };
  const repeated = { grant, from: source?.id ?? null };
  const asked = { repeated, subjectToken: source?.token ?? null, scopes };
  const answer = await requestGrant(http, { ...to, ...asked }).catch((failure: unknown) => {
    signal.throwIfAborted();
    throw failure instanceof TransportFailure ? unreachable(failure) : failure;
  });
  if (answer.kind === 'refused') throw grantRefusal(provider, provider.name, answer);
  const owner = source?.identity ?? { subject: clientId, email: null, name: null, details: {} };
  return finish(ctx, vault, { provider, server, target, answer, at, nonce: null, how: grant, owner });
}

interface Source {
  readonly id: string;
  readonly token: Secret;
  readonly identity: Identity;
}

/**
 * The account whose token is exchanged, with a token that works.
 *
 * @returns null for the client's own grant
 * @throws VaultError `config_invalid` when it is derived itself; why it has no token
 */
async function sourceOf(
  ctx: LoginRun,
  vault: Vault,
  { name, from }: ConfiguredProvider,
): Promise<Source | null> {
  if (from === undefined) return null;
  const account = await selectAccount(ctx, vault, from, 'token');
  const { id } = account;
  const { refreshToken, identity } = await vault.contents(account);
  if (refreshToken !== null && repeatedGrant(refreshToken)?.grant === 'token_exchange') {
    throw new VaultError(
      'config_invalid',
      `providers.${name}.from in config.json names ${accountName(account)}, whose tokens are exchanged themselves`,
      { hint: `set providers.${name}.from to an account with a login or a client of its own` },
    );
  }
  const token = await subjectToken(vault, id, name, ctx.clock.now, async (source) =>
    requestRefresh(ctx, await ctx.refresher({ concurrency: 1 }), vault, source, 'short'),
  );
  return { id, token, identity };
}
