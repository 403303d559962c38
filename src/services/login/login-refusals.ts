import { formatDuration } from '../../domain/duration-text.js';
import { VaultError } from '../../domain/errors.js';
import { command } from '../../domain/hints.js';
import { quoted } from '../../domain/safe-text.js';
import { describeTransport, TransportFailure } from '../../domain/transport.js';
import type { RefusedAnswer, ServerMetadata } from '../../oauth/contract.js';
import type { Provider } from '../../providers/contract.js';
import { clientRefused, policyRefusal, refusal, type Said } from '../refusals.js';
import type { LoginRequest } from './login-request.js';
import { retryLogin } from './login-request.js';

/* The errors for logins that a provider refuses: what the refusal means, and what to do. */

/** What a refusal of the authorization code means. Nothing is stored yet, so a new attempt is always possible. */
export function codeRefusal(
  provider: Provider,
  refused: RefusedAnswer,
  { dpopKnown = false }: Pick<ServerMetadata, 'dpopKnown'> = {},
): VaultError {
  const { title } = provider;
  const again = command(`login ${provider.name}`);
  if (WANTS_DPOP.includes(refused.error)) {
    const words = `${title} requires tokens bound to a key (DPoP, RFC 9449), which vault does not support`;
    return refusal('client_refused', words, refused, WITHOUT_DPOP);
  }
  switch (refused.class) {
    case 'login_needed': {
      const hint = `${again}\nfinish it within a few minutes${dpopKnown ? `\n${WITHOUT_DPOP}` : ''}`;
      return refusal('login_refused', `${title} no longer accepts the authorization code`, refused, hint);
    }
    case 'transient':
      return refusal('provider_unavailable', `${title} could not finish the login`, refused, again);
    case 'policy':
      return policyRefusal(provider, 'this login', refused, ASK_ADMINISTRATOR);
    case 'configuration':
      return clientRefused(provider, refused);
  }
}

/** RFC 9449 §5 and §8. */
const WANTS_DPOP: readonly string[] = ['invalid_dpop_proof', 'use_dpop_nonce'];
const WITHOUT_DPOP =
  'if the client is registered with dpop_bound_access_tokens, turn that off: vault does not support DPoP (RFC 9449)';
const ASK_ADMINISTRATOR = 'ask the administrator of the account';

/** What providers send when the user declines, and when they fail. */
const DECLINED: readonly string[] = ['access_denied', 'user_cancelled', 'consent_required'];
const FOR_NOW: readonly string[] = ['temporarily_unavailable', 'server_error'];

/** The redirect brought an error: the user declined, or the client may not ask for this. */
export function authorizationRefusal(
  provider: Provider,
  request: LoginRequest,
  error: string,
  description: string | null,
): VaultError {
  const said = { error, detail: null, description };
  const { title } = provider;
  const again = command(`login ${provider.name}`);
  if (DECLINED.includes(error))
    return refusal('login_refused', `the login was declined at ${title}`, said, again);
  if (FOR_NOW.includes(error))
    return refusal('provider_unavailable', `${title} could not continue the login`, said, again);
  if (provider.errors.policy.includes(error))
    return policyRefusal(provider, 'this login', said, ASK_ADMINISTRATOR);
  if (error === 'invalid_scope' && request.addScopes.length > 0)
    return addedScopeRefused(title, request, said);
  return clientRefused(provider, said);
}

/** The account had its other scopes before, so they were accepted once. */
function addedScopeRefused(title: string, request: LoginRequest, said: Said): VaultError {
  const added = request.addScopes.map(quoted).join(' ');
  const without = retryLogin({ ...request, addScopes: [] });
  const hint = `log in without it: ${without}\nor correct it: ${title} documents which scopes there are, and some have to be enabled where the client is registered`;
  return refusal('client_refused', `${title} does not allow the added scope ${added}`, said, hint);
}

/** @param instead the command for a login by device code, where the server has that; else null */
export function noBrowserLogin({ title, name }: Provider, instead: string | null): VaultError {
  return new VaultError(
    'provider_answer_invalid',
    `${title} names no authorization endpoint in its metadata, so no user can log in in a browser`,
    {
      hint:
        instead ??
        `for a client that needs no user, set providers.${name}.grant in config.json to "client_credentials"`,
    },
  );
}

export function noPushedRequests({ title, client }: Provider): VaultError {
  return new VaultError(
    'provider_answer_invalid',
    `${title} requires pushed authorization requests (PAR, RFC 9126), and its metadata does not say where to send them`,
    { hint: `ask the administrator of ${client.registrationUrl} for pushed_authorization_request_endpoint` },
  );
}

/* The errors for device logins that fail, with what to do instead. */

/** The client has the wrong type for this grant. Entra sends one of these codes, together with a number. */
const WRONG_CLIENT: readonly string[] = ['invalid_client', 'unauthorized_client'];
const NOT_ALLOWED: readonly string[] = ['unsupported_grant_type', 'device_flow_disabled'];

/** RFC 9110 §15.5.5, §15.5.6, §15.5.11: no such page, no such method, gone. */
const NOT_THERE: readonly string[] = ['http_404', 'http_405', 'http_410'];

/** Nothing has been sent yet. */
export function noDeviceLogin(provider: Provider, request: LoginRequest): VaultError {
  return new VaultError('usage', `${provider.title} has no device login`, {
    hint: `${retryLogin(request, '--paste')}\nopen the URL that it prints on any machine`,
  });
}

/** The provider refuses the device code, or what was asked along with it. */
export function deviceRefusal(
  provider: Provider,
  request: LoginRequest,
  scopes: readonly string[],
  refused: RefusedAnswer,
): VaultError {
  const { title } = provider;
  const again = retryLogin(request, '--device');
  switch (refused.class) {
    case 'transient':
      return refusal('provider_unavailable', `${title} could not continue the login`, refused, again);
    case 'policy': {
      const hint = `${ASK_ADMINISTRATOR}, or try the browser: ${retryLogin(request)}`;
      return policyRefusal(provider, 'this login', refused, hint);
    }
    case 'login_needed':
      return refusal('login_refused', `${title} no longer knows the device code`, refused, again);
    case 'configuration':
      if (refused.error === 'invalid_scope') return wrongScopes(provider, request, scopes, refused);
      if (WRONG_CLIENT.includes(refused.error)) return wrongClient(provider, request, refused);
      if (NOT_ALLOWED.includes(refused.error)) return notAllowed(provider, request, refused);
      return clientRefused(provider, refused);
  }
}

/** A missing page says nothing about the client, and trying again does not help. @returns null for other refusals */
export function noDeviceEndpoint(
  { title }: Provider,
  request: LoginRequest,
  endpoint: string,
  refused: RefusedAnswer,
): VaultError | null {
  if (!NOT_THERE.includes(refused.error)) return null;
  const words = `${title} has no device login at ${endpoint}: the address is wrong, or only other clients may use it`;
  const compare = `compare the address with what ${title} documents: ${retryLogin(request, '--device')} --dry-run`;
  const hint = `${compare}\nor log in with a browser: ${retryLogin(request, '--paste')}`;
  return refusal('client_refused', words, refused, hint);
}

function wrongScopes(
  { title, device, scopeAliases }: Provider,
  request: LoginRequest,
  scopes: readonly string[],
  refused: RefusedAnswer,
): VaultError {
  const allowed = device?.scopes ?? null;
  const others = allowed === null ? scopes : scopes.filter((scope) => !allowed.includes(scope));
  const which = (others.length > 0 ? others : scopes).join(' ');
  const aliases = Object.values(scopeAliases);
  const instead = retryLogin(request, '--paste');
  const hint =
    allowed === null
      ? `in the browser they may be allowed: ${instead}`
      : `it allows ${allowed.filter((scope) => !aliases.includes(scope)).join(' ')}; for others: ${instead}`;
  return refusal(
    'client_refused',
    `${title} does not allow these scopes in a device login: ${which}`,
    refused,
    hint,
  );
}

function wrongClient(provider: Provider, request: LoginRequest, refused: RefusedAnswer): VaultError {
  const { device, client, name, title } = provider;
  if (device === null) return clientRefused(provider, refused);
  const words = `${title} refuses this client for a device login, which needs ${device.client}`;
  const instead = `with the client you have: ${retryLogin(request, '--paste')}`;
  const own = `register one at ${client.registrationUrl}, and add it to "providers" in config.json: "${name}-device": {"extends": "${name}", "clientId": "…", "clientSecret": "…"}; then: ${command(`login ${name}-device --device`)}`;
  const hint = device.ownClient
    ? `${own}\n${instead}`
    : `change it at ${client.registrationUrl} ("Authentication"); or, ${instead}`;
  return refusal('client_refused', words, refused, hint);
}

function notAllowed({ title, client }: Provider, request: LoginRequest, refused: RefusedAnswer): VaultError {
  const hint = `allow it where the client is registered (${client.registrationUrl}), or use the browser: ${retryLogin(request, '--paste')}`;
  return refusal('client_refused', `${title} does not allow a device login to this client`, refused, hint);
}

/** The user declined. */
export function deviceDeclined(
  { title }: Provider,
  request: LoginRequest,
  refused: RefusedAnswer,
): VaultError {
  const words = `the login was declined at ${title}`;
  return refusal('login_refused', words, refused, retryLogin(request, '--device'));
}

/** @param after milliseconds */
export function codeEnded(provider: Provider, request: LoginRequest, after: number): VaultError {
  return new VaultError(
    'login_timed_out',
    `the login at ${provider.title} was not finished within ${formatDuration(after)}`,
    { hint: `for a new code: ${retryLogin(request, '--device')}` },
  );
}

/** The time ran out without a clear answer, so the user may have finished the login. */
export function endedUnanswered(
  provider: Provider,
  request: LoginRequest,
  last: RefusedAnswer | TransportFailure,
): VaultError {
  const unknown = 'so it is not known whether the login was finished';
  const hint = retryLogin(request, '--device');
  if (last instanceof TransportFailure) {
    const details = { reason: last.reason };
    return new VaultError('network_failed', `${describeTransport(last)}, ${unknown}`, { hint, details });
  }
  return refusal('provider_unavailable', `${provider.title} gave no clear answer, ${unknown}`, last, hint);
}

export function uselessCode(provider: Provider, request: LoginRequest, flaw: string): VaultError {
  return new VaultError(
    'provider_answer_invalid',
    `${provider.title} did not begin a device login: ${flaw}`,
    {
      hint: retryLogin(request, '--paste'),
    },
  );
}
