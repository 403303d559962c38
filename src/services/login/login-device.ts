import { SECOND } from '../../domain/duration.js';
import { TransportFailure } from '../../domain/transport.js';
import { authorizeDevice, type DeviceAuthorization, waitForDevice } from '../../oauth/device.js';
import type { ConfiguredProvider } from '../../providers/contract.js';
import type { Http } from '../../system/contract.js';
import type { Vault } from '../../vault/vault.js';
import type { LoginRequest, LoginResult, LoginTalk } from '../contract.js';
import { unreachable } from '../refusals.js';
import { serverOf } from '../server.js';
import { type BegunLogin, finish, type Grant, type LoginDeps } from './login-finish.js';
import {
  codeEnded,
  deviceDeclined,
  deviceRefusal,
  endedUnanswered,
  noDeviceEndpoint,
  noDeviceLogin,
  uselessCode,
} from './login-refusals.js';
import type { LoginAim } from './login-target.js';

/**
 * What can be known before anything is sent.
 *
 * @throws VaultError `usage` when the provider is known to have no device login
 */
export function checkDeviceLogin(provider: ConfiguredProvider, request: LoginRequest): void {
  if (provider.endpoints?.deviceAuthorization === null) throw noDeviceLogin(provider, request);
}

/**
 * The login by device code (RFC 8628): the person types a short code at an address of the provider, on whatever device
 * has a browser, while this program asks now and then whether they have. The grant has neither PKCE nor a nonce, because
 * nothing of it passes through the browser.
 *
 * @throws VaultError
 */
export async function byDevice(
  deps: BegunLogin,
  vault: Vault,
  provider: ConfiguredProvider,
  aim: LoginAim,
  talk: LoginTalk,
): Promise<LoginResult> {
  const server = await serverOf({ ...provider, pkce: false }, deps.http, deps.interruption);
  const endpoint = server.deviceAuthorizationEndpoint;
  if (endpoint === null) throw noDeviceLogin(provider, aim.request);
  const at = deps.clock.now();
  const begun = await begin(deps, provider, endpoint, aim);
  const endsAt = at + Math.min(begun.expiresIn * SECOND, aim.request.timeout);
  const { userCode, verificationUri, verificationUriComplete } = begun;
  talk.on({ kind: 'device_code', userCode, verificationUri, verificationUriComplete, endsAt });
  const grant = await waited(deps, provider, aim, talk, {
    tokenEndpoint: server.tokenEndpoint,
    begun,
    at,
    endsAt,
  });
  return finish(deps, vault, { provider, server, aim, nonce: null, how: 'device', ...grant });
}

async function begin(
  deps: LoginDeps,
  provider: ConfiguredProvider,
  endpoint: string,
  { request, scopes }: LoginAim,
): Promise<DeviceAuthorization> {
  const answer = await reaching(deps, (http) =>
    authorizeDevice(http, { ...client(deps, provider), endpoint, scopes }),
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
  /** When the codes were asked for, and when the waiting ends; milliseconds since the epoch. */
  readonly at: number;
  readonly endsAt: number;
}

async function waited(
  deps: LoginDeps,
  provider: ConfiguredProvider,
  { request, scopes }: LoginAim,
  talk: LoginTalk,
  { tokenEndpoint, begun, at, endsAt }: Waiting,
): Promise<Grant> {
  const { deviceCode, interval } = begun;
  const { clock, interruption: signal } = deps;
  const outcome = await waitForDevice(await deps.http(), {
    ...client(deps, provider),
    endpoint: tokenEndpoint,
    deviceCode,
    interval,
    endsAt,
    clock,
    signal,
    onPoll: (standing) => talk.on({ kind: 'device_wait', standing, endsAt }),
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

function client({ clock, interruption }: LoginDeps, provider: ConfiguredProvider) {
  const { clientId, clientSecret } = provider;
  return { provider, clientId, clientSecret, signal: interruption, now: clock.now };
}

async function reaching<T>(deps: LoginDeps, ask: (http: Http) => Promise<T>): Promise<T> {
  try {
    return await ask(await deps.http());
  } catch (failure) {
    deps.interruption.throwIfAborted();
    throw failure instanceof TransportFailure ? unreachable(failure) : failure;
  }
}
