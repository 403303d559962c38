import { VaultError } from '../../domain/errors.js';
import type { RefusedAnswer } from '../../oauth/contract.js';
import type { Provider } from '../../providers/contract.js';
import { clientRefused, endpointMoved, quote } from '../refusals.js';

/* What it means when a provider ends a login, in our words, with the next command. */

/** What a refusal of the authorization code means. Nothing is stored yet, so a new attempt is always possible. */
export function codeRefusal(provider: Provider, refused: RefusedAnswer): VaultError {
  const said = quote(refused);
  const details = { provider_error: refused.error, provider_detail: refused.detail };
  const again = `vault login ${provider.name}`;
  switch (refused.class) {
    case 'login_needed':
      return new VaultError(
        'login_refused',
        `${provider.title} does not accept the authorization code any more (${said})`,
        {
          hint: `${again}\nfinish it within a few minutes`,
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
