import { SECOND } from '../../domain/duration.js';
import { redirectUri } from '../../domain/endpoint.js';
import { TransportFailure } from '../../domain/transport.js';
import { authorizeDevice, type DeviceAuthorization, waitForDevice } from '../../oauth/device.js';
import type { ConfiguredProvider } from '../../providers/contract.js';
import type { Http } from '../../system/contract.js';
import type { Vault } from '../../vault/vault.js';
import { serverOf } from '../provider-server.js';
import { unreachable } from '../refusals.js';
import { clientFor } from './login-client.js';
import { finish, type Grant, type LoginRun } from './login-finish.js';
import { pasteRedirect } from './login-redirect.js';
import {
  codeEnded,
  deviceDeclined,
  deviceRefusal,
  endedUnanswered,
  noDeviceEndpoint,
  noDeviceLogin,
  uselessCode,
} from './login-refusals.js';
import type { LoginRequest, LoginResult, LoginTalk } from './login-request.js';
import type { LoginTarget } from './login-target.js';

/**
 * Checks what is known before anything is sent.
 *
 * @throws VaultError `usage` when the provider is known to have no device login
 */
export function checkDeviceLogin(provider: ConfiguredProvider, request: LoginRequest): void {
  if (provider.endpoints?.deviceAuthorization === null) throw noDeviceLogin(provider, request);
}

/**
 * Logs in by device code (RFC 8628): the user types a short code at the provider on any device while this program polls. The grant
 * has neither PKCE nor a nonce, because nothing of it passes through the browser.
 *
 * @throws VaultError
 */
export async function loginWithDeviceCode(
  ctx: LoginRun,
  vault: Vault,
  found: ConfiguredProvider,
  target: LoginTarget,
  talk: LoginTalk,
): Promise<LoginResult> {
  const server = await serverOf({ ...found, pkce: false }, ctx.http, ctx.interruption);
  const endpoint = server.deviceAuthorizationEndpoint;
  if (endpoint === null) throw noDeviceLogin(found, target.request);
  // The same client serves a later login in the browser.
  const provider = await clientFor(ctx, vault, found, server, redirectUri(pasteRedirect(found.redirect)));
  const at = ctx.clock.now();
  const begun = await begin(ctx, provider, endpoint, target);
  const endsAt = at + Math.min(begun.expiresIn * SECOND, target.request.timeout);
  const { userCode, verificationUri, verificationUriComplete } = begun;
  talk.on({ kind: 'device_code', userCode, verificationUri, verificationUriComplete, endsAt });
  const grant = await waited(ctx, provider, target, talk, {
    tokenEndpoint: server.tokenEndpoint,
    begun,
    at,
    endsAt,
  });
  return finish(ctx, vault, { provider, server, target, nonce: null, how: 'device', ...grant });
}

async function begin(
  ctx: LoginRun,
  provider: ConfiguredProvider,
  endpoint: string,
  { request, scopes }: LoginTarget,
): Promise<DeviceAuthorization> {
  const answer = await reaching(ctx, (http) =>
    authorizeDevice(http, { ...client(ctx, provider), endpoint, scopes }),
  );
  if (answer.kind === 'refused') {
    throw (
      noDeviceEndpoint(provider, request, endpoint, answer) ??
      deviceRefusal(provider, request, scopes, answer)
    );
  }
  if (answer.kind === 'useless') throw uselessCode(provider, request, answer.flaw);
  return answer;
}

interface Waiting {
  readonly tokenEndpoint: string;
  readonly begun: DeviceAuthorization;
  /** When the codes were requested, and when the wait ends; milliseconds since the epoch. */
  readonly at: number;
  readonly endsAt: number;
}

async function waited(
  ctx: LoginRun,
  provider: ConfiguredProvider,
  { request, scopes }: LoginTarget,
  talk: LoginTalk,
  { tokenEndpoint, begun, at, endsAt }: Waiting,
): Promise<Grant> {
  const { deviceCode, interval } = begun;
  const { clock, interruption: signal } = ctx;
  const outcome = await waitForDevice(await ctx.http(), {
    ...client(ctx, provider),
    endpoint: tokenEndpoint,
    deviceCode,
    interval,
    endsAt,
    clock,
    signal,
    onPoll: (state) => talk.on({ kind: 'device_wait', state, endsAt }),
  });
  switch (outcome.kind) {
    case 'granted':
      return { answer: outcome.answer, at: outcome.at };
    case 'declined':
      throw deviceDeclined(provider, request, outcome.refused);
    case 'refused':
      throw deviceRefusal(provider, request, scopes, outcome.refused);
    case 'expired':
      throw codeEnded(provider, request, clock.now() - at);
    case 'ended':
      if (outcome.last === null) throw codeEnded(provider, request, endsAt - at);
      throw endedUnanswered(provider, request, outcome.last);
  }
}

function client({ clock, interruption }: LoginRun, provider: ConfiguredProvider) {
  const { clientId, clientSecret } = provider;
  return { provider, clientId, clientSecret, signal: interruption, now: clock.now };
}

async function reaching<T>(ctx: LoginRun, ask: (http: Http) => Promise<T>): Promise<T> {
  try {
    return await ask(await ctx.http());
  } catch (failure) {
    ctx.interruption.throwIfAborted();
    throw failure instanceof TransportFailure ? unreachable(failure) : failure;
  }
}
