import { formatDuration } from '../../domain/duration.js';
import { VaultError } from '../../domain/errors.js';
import { command } from '../../domain/hints.js';
import { describeTransport, TransportFailure } from '../../domain/transport.js';
import type { RefusedAnswer, ServerMetadata } from '../../oauth/contract.js';
import type { Provider } from '../../providers/contract.js';
import { clientRefused, endpointMoved, quote } from '../refusals.js';
import type { LoginRequest } from './login-request.js';
import { retryLogin } from './login-request.js';

/* The errors for logins that a provider refuses: what the refusal means, and what to do. */

/** What a refusal of the authorization code means. Nothing is stored yet, so a new attempt is always possible. */
export function codeRefusal(
  provider: Provider,
  refused: RefusedAnswer,
  { dpopKnown = false }: Pick<ServerMetadata, 'dpopKnown'> = {},
): VaultError {
  if (WANTS_DPOP.includes(refused.error)) return dpopWanted(provider, refused);
  const said = quote(refused);
  const details = { provider_error: refused.error, provider_detail: refused.detail };
  const again = command(`login ${provider.name}`);
  switch (refused.class) {
    case 'login_needed':
      return new VaultError(
        'login_refused',
        `${provider.title} no longer accepts the authorization code (${said})`,
        {
          hint: `${again}\nfinish it within a few minutes${dpopKnown ? `\n${WITHOUT_DPOP}` : ''}`,
          details,
        },
      );
    case 'transient':
      return new VaultError(
        'provider_unavailable',
        `${provider.title} could not finish the login just now (${said})`,
        {
          hint: again,
          details,
        },
      );
    case 'policy':
      return new VaultError(
        'policy_refused',
        `a policy of ${provider.title} or of an administrator forbids this login (${said})`,
        {
          hint: 'ask the administrator of the account',
          details,
        },
      );
    case 'configuration':
      return endpointMoved(provider, refused, details) ?? clientRefused(provider, said, details);
  }
}

/** The redirect brought an error: the user declined, or the client may not ask for this. */
export function authorizationRefusal(
  provider: Provider,
  error: string,
  description: string | null,
): VaultError {
  const said = description === null ? error : `${error}: ${description}`;
  if (error === 'access_denied' || error === 'user_cancelled' || error === 'consent_required') {
    return new VaultError('login_refused', `the login was declined at ${provider.title} (${said})`, {
      hint: command(`login ${provider.name}`),
    });
  }
  if (error === 'temporarily_unavailable' || error === 'server_error') {
    return new VaultError(
      'provider_unavailable',
      `${provider.title} could not continue the login (${said})`,
      {
        hint: command(`login ${provider.name}`),
      },
    );
  }
  if (provider.errors.policy.includes(error)) {
    return new VaultError(
      'policy_refused',
      `a policy of ${provider.title} or of an administrator forbids this login (${said})`,
      {
        hint: 'ask the administrator of the account',
      },
    );
  }
  return clientRefused(provider, said, { provider_error: error });
}

/** RFC 9449 §5 and §8. */
const WANTS_DPOP: readonly string[] = ['invalid_dpop_proof', 'use_dpop_nonce'];
const WITHOUT_DPOP =
  'if the client is registered with dpop_bound_access_tokens, turn that off: vault does not support DPoP (RFC 9449)';

function dpopWanted({ title }: Provider, refused: RefusedAnswer): VaultError {
  return new VaultError(
    'client_refused',
    `${title} requires tokens bound to a key (DPoP, RFC 9449), which vault does not support (${quote(refused)})`,
    { hint: WITHOUT_DPOP, details: { provider_error: refused.error, provider_detail: refused.detail } },
  );
}

/** @param instead the command for a login by device code, where the server has that; else null */
export function pushedRequestsOnly({ title, client }: Provider, instead: string | null): VaultError {
  return new VaultError(
    'client_refused',
    `${title} accepts a login in the browser only by a pushed authorization request (PAR, RFC 9126), which vault does not support`,
    {
      hint:
        instead ??
        `ask the administrator of ${client.registrationUrl} to turn off require_pushed_authorization_requests`,
    },
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
  const said = quote(refused);
  const details = detailsOf(refused);
  const again = retryLogin(request, '--device');
  switch (refused.class) {
    case 'transient':
      return new VaultError(
        'provider_unavailable',
        `${provider.title} could not continue the login just now (${said})`,
        { hint: again, details },
      );
    case 'policy':
      return new VaultError(
        'policy_refused',
        `a policy of ${provider.title} or of an administrator forbids this login (${said})`,
        {
          hint: `ask the administrator of the account, or try the browser: ${retryLogin(request)}`,
          details,
        },
      );
    case 'login_needed':
      return new VaultError('login_refused', `${provider.title} no longer knows the device code (${said})`, {
        hint: again,
        details,
      });
    case 'configuration':
      if (refused.error === 'invalid_scope') return wrongScopes(provider, request, scopes, refused);
      if (WRONG_CLIENT.includes(refused.error)) return wrongClient(provider, request, refused);
      if (NOT_ALLOWED.includes(refused.error)) return notAllowed(provider, request, refused);
      return clientRefused(provider, said, details);
  }
}

/** A missing page says nothing about the client, and trying again does not help. @returns null for other refusals */
export function noDeviceEndpoint(
  provider: Provider,
  request: LoginRequest,
  endpoint: string,
  refused: RefusedAnswer,
): VaultError | null {
  if (!NOT_THERE.includes(refused.error)) return null;
  const again = retryLogin(request, '--device');
  return new VaultError(
    'client_refused',
    `${provider.title} has no device login at ${endpoint} (${refused.error}): the address is wrong, or it is for other clients`,
    {
      hint: `compare the address with what ${provider.title} documents: ${again} --dry-run\nor log in with a browser: ${retryLogin(request, '--paste')}`,
      details: detailsOf(refused),
    },
  );
}

function wrongScopes(
  provider: Provider,
  request: LoginRequest,
  scopes: readonly string[],
  refused: RefusedAnswer,
): VaultError {
  const allowed = provider.device?.scopes ?? null;
  const others = allowed === null ? scopes : scopes.filter((scope) => !allowed.includes(scope));
  const which = (others.length > 0 ? others : scopes).join(' ');
  const instead = retryLogin(request, '--paste');
  return new VaultError(
    'client_refused',
    `${provider.title} does not allow these scopes in a device login: ${which} (${quote(refused)})`,
    {
      hint:
        allowed === null
          ? `in the browser they may be allowed: ${instead}`
          : `it allows ${allowed.filter((scope) => !isAlias(provider, scope)).join(' ')}; for others: ${instead}`,
      details: detailsOf(refused),
    },
  );
}

function isAlias({ scopeAliases }: Provider, scope: string): boolean {
  return Object.values(scopeAliases).includes(scope);
}

function wrongClient(provider: Provider, request: LoginRequest, refused: RefusedAnswer): VaultError {
  const { device, client, name, title } = provider;
  const details = detailsOf(refused);
  if (device === null) return clientRefused(provider, quote(refused), details);
  const message = `${title} refuses this client for a device login, which needs ${device.client} (${quote(refused)})`;
  const instead = `with the client you have: ${retryLogin(request, '--paste')}`;
  const own = `register one at ${client.registrationUrl}, and add it to "providers" in config.json: "${name}-device": {"extends": "${name}", "clientId": "…", "clientSecret": "…"}; then: ${command(`login ${name}-device --device`)}`;
  const hint = device.ownClient
    ? `${own}\n${instead}`
    : `change it at ${client.registrationUrl} ("Authentication"); or, ${instead}`;
  return new VaultError('client_refused', message, { hint, details });
}

function notAllowed(provider: Provider, request: LoginRequest, refused: RefusedAnswer): VaultError {
  return new VaultError(
    'client_refused',
    `${provider.title} does not allow a device login to this client (${quote(refused)})`,
    {
      hint: `allow it where the client is registered (${provider.client.registrationUrl}), or use the browser: ${retryLogin(request, '--paste')}`,
      details: detailsOf(refused),
    },
  );
}

/** The user declined. */
export function deviceDeclined(
  provider: Provider,
  request: LoginRequest,
  refused: RefusedAnswer,
): VaultError {
  return new VaultError('login_refused', `the login was declined at ${provider.title} (${quote(refused)})`, {
    hint: retryLogin(request, '--device'),
  });
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
  return new VaultError(
    'provider_unavailable',
    `${provider.title} gave no clear answer (${quote(last)}), ${unknown}`,
    { hint, details: detailsOf(last) },
  );
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

function detailsOf({ error, detail }: RefusedAnswer) {
  return { provider_error: error, provider_detail: detail };
}
