import type { Identity } from '../../domain/account.js';
import { VaultError } from '../../domain/errors.js';
import { command } from '../../domain/hints.js';
import type { RepeatableGrant } from '../../domain/repeatable-grant.js';
import { quoted } from '../../domain/safe-text.js';
import { TransportFailure } from '../../domain/transport.js';
import { requestGrant } from '../../oauth/token-endpoint.js';
import type { ConfiguredProvider } from '../../providers/contract.js';
import type { Vault } from '../../vault/vault.js';
import { serverOf } from '../provider-server.js';
import { grantRefusal, unreachable } from '../refusals.js';
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
 * Adds an account without a user: requests a token with the client's own credentials (RFC 6749 §4.4). The account belongs to the
 * client, and is renewed by the same request.
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
  const http = await ctx.http();
  const at = clock.now();
  const { scopes } = target;
  const to = { endpoint: server.tokenEndpoint, provider, clientId, clientSecret, signal, now: clock.now };
  const answer = await requestGrant(http, { ...to, grant, scopes }).catch((failure: unknown) => {
    signal.throwIfAborted();
    throw failure instanceof TransportFailure ? unreachable(failure) : failure;
  });
  if (answer.kind === 'refused') throw grantRefusal(provider, provider.name, answer);
  const owner: Identity = { subject: clientId, email: null, name: null, details: {} };
  return finish(ctx, vault, { provider, server, target, answer, at, nonce: null, how: grant, owner });
}
