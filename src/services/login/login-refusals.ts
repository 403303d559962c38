import { VaultError } from '../../domain/errors.js';
import type { RefusedAnswer, ServerMetadata } from '../../oauth/contract.js';
import type { Provider } from '../../providers/contract.js';
import { clientRefused, endpointMoved, quote } from '../refusals.js';

/* What it means when a provider ends a login, in our words, with the next command. */

/** What a refusal of the authorization code means. Nothing is stored yet, so a new attempt is always possible. */
export function codeRefusal(
  provider: Provider,
  refused: RefusedAnswer,
  { dpopKnown = false }: Pick<ServerMetadata, 'dpopKnown'> = {},
): VaultError {
  if (WANTS_DPOP.includes(refused.error)) return dpopWanted(provider, refused);
  const said = quote(refused);
  const details = { provider_error: refused.error, provider_detail: refused.detail };
  const again = `vault login ${provider.name}`;
  switch (refused.class) {
    case 'login_needed':
      return new VaultError(
        'login_refused',
        `${provider.title} does not accept the authorization code any more (${said})`,
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

/** The provider said no on its page: the person declined, or the client may not ask for this. */
export function authorizationRefusal(
  provider: Provider,
  error: string,
  description: string | null,
): VaultError {
  const said = description === null ? error : `${error}: ${description}`;
  if (error === 'access_denied' || error === 'user_cancelled' || error === 'consent_required') {
    return new VaultError('login_refused', `the login was declined at ${provider.title} (${said})`, {
      hint: `vault login ${provider.name}`,
    });
  }
  if (error === 'temporarily_unavailable' || error === 'server_error') {
    return new VaultError(
      'provider_unavailable',
      `${provider.title} could not go on with the login (${said})`,
      {
        hint: `vault login ${provider.name}`,
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
  'if the client is registered for DPoP (dpop_bound_access_tokens), take that off: vault cannot do DPoP (RFC 9449)';

function dpopWanted({ title }: Provider, refused: RefusedAnswer): VaultError {
  return new VaultError(
    'client_refused',
    `${title} wants tokens bound to a key (DPoP, RFC 9449), which vault cannot do (${quote(refused)})`,
    { hint: WITHOUT_DPOP, details: { provider_error: refused.error, provider_detail: refused.detail } },
  );
}

/** @param instead the command for a login by device code, where the server has that; else null */
export function pushedRequestsOnly({ title, client }: Provider, instead: string | null): VaultError {
  return new VaultError(
    'client_refused',
    `${title} takes a login in the browser by a pushed authorization request only (PAR, RFC 9126), which vault cannot do`,
    {
      hint:
        instead ??
        `ask whoever runs ${client.registrationUrl} to take require_pushed_authorization_requests off`,
    },
  );
}
