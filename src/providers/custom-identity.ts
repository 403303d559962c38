import { VaultError } from '../domain/errors.js';
import type { IdentitySource, Provider, ProviderSettings } from './contract.js';

/** What plain OAuth servers call the person; the first that is there. */
const ANY_SUBJECT = 'sub|id|user_id|account_id|uuid';
const EMAIL = ['email', 'mail'];
const NAME = ['preferred_username', 'username', 'login', 'name'];

const NOBODY: IdentitySource = { from: 'none', request: null, subject: [], email: [], name: [], details: {} };

/**
 * Where the identity of a configured provider comes from: as the user says, else as its base does it, else from
 * the id_token, else from the userinfo endpoint, else from nowhere, and then the label given at the login stands
 * for the subject.
 *
 * @throws VaultError `config_invalid` when an answer is to be asked for and no endpoint for it is given
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
    return { ...base.identity, request: requestTo(name, url) };
  }
  const from = identity?.from ?? (isOidc ? 'id_token' : userinfoEndpoint === undefined ? 'none' : 'userinfo');
  if (from === 'none') return NOBODY;
  const lent = moved ? null : (base?.endpoints?.userinfo ?? null);
  return {
    from: from === 'userinfo' ? 'request' : from,
    request: from === 'userinfo' ? requestTo(name, userinfoEndpoint ?? lent) : null,
    subject: identity?.subject ?? [from === 'id_token' ? 'sub' : ANY_SUBJECT],
    email: identity?.email ?? EMAIL,
    name: identity?.name ?? NAME,
    details: identity?.details ?? {},
  };
}

function requestTo(name: string, url: string | null): IdentitySource['request'] {
  if (url !== null) return { url, headers: {} };
  const what = `providers.${name} in config.json takes the identity from an endpoint, and none is given`;
  throw new VaultError('config_invalid', what, {
    hint: `set providers.${name}.userinfoEndpoint, or take the identity from elsewhere with providers.${name}.identity`,
  });
}
