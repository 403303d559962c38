import { VaultError } from '../domain/errors.js';
import type { IdentityRequest, IdentitySource, Provider } from './contract.js';
import type { IdentitySettings, ProviderSettings } from './settings.js';

/** Names of the subject at plain OAuth servers; the first one present counts. */
const ANY_SUBJECT = 'sub|id|user_id|account_id|uuid';
const EMAIL = ['email', 'mail'];
const NAME = ['preferred_username', 'username', 'login', 'name'];

export const NO_IDENTITY: IdentitySource = {
  from: 'none',
  request: null,
  subject: [],
  email: [],
  name: [],
  details: {},
};

/**
 * The identity comes from the user's setting, else as in the base, else from the id_token, else from the userinfo
 * endpoint. Without any of them the label given at the login is the subject.
 *
 * @throws VaultError `config_invalid` when the endpoint for it is missing
 */
export function identityOf(
  name: string,
  settings: ProviderSettings,
  base: Provider | null,
  moved: boolean,
  isOidc: boolean,
): IdentitySource {
  const { identity, userinfoEndpoint } = settings;
  if (identity === undefined && base !== null) {
    if (base.identity.from !== 'request') return base.identity;
    const url = userinfoEndpoint ?? (moved ? null : (base.identity.request?.url ?? null));
    return { ...base.identity, request: requestTo(name, url, base.identity.request ?? {}) };
  }
  const from = identity?.from ?? (isOidc ? 'id_token' : userinfoEndpoint === undefined ? 'none' : 'userinfo');
  if (from === 'none')
    return settings.resource === undefined ? NO_IDENTITY : { ...NO_IDENTITY, unnamed: 'me' };
  const inherited = moved ? null : (base?.endpoints?.userinfo ?? null);
  return {
    from: from === 'userinfo' ? 'request' : from,
    request: from === 'userinfo' ? requestTo(name, userinfoEndpoint ?? inherited, identity) : null,
    subject: identity?.subject ?? [from === 'id_token' ? 'sub' : ANY_SUBJECT],
    email: identity?.email ?? EMAIL,
    name: identity?.name ?? NAME,
    details: identity?.details ?? {},
  };
}

function requestTo(
  name: string,
  url: string | null,
  { headers, body }: Pick<IdentitySettings, 'headers' | 'body'> = {},
): IdentityRequest {
  if (url !== null) return { url, headers: headers ?? {}, ...(body !== undefined && { body }) };
  const what = `providers.${name} in config.json takes the identity from an endpoint that is not set`;
  throw new VaultError('config_invalid', what, {
    hint: `set providers.${name}.userinfoEndpoint, or another source in providers.${name}.identity`,
  });
}
