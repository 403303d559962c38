import type { Audit } from '../../audit/events.js';
import type { Consent, Identity } from '../../domain/account.js';
import { VaultError } from '../../domain/errors.js';
import { canonicalScopes, missingScopes } from '../../domain/scopes.js';
import type { Secret } from '../../domain/secret.js';
import type { GrantedAnswer, ServerMetadata } from '../../oauth/contract.js';
import type { IsOtherUser } from '../../oauth/loopback/guests.js';
import type { ConfiguredProvider } from '../../providers/contract.js';
import type { Locks } from '../../stores/locks.js';
import type { Spill } from '../../stores/spill.js';
import type { Browser, Clock, Http } from '../../system/contract.js';
import type { Surroundings } from '../../system/surroundings.js';
import type { Vault } from '../../vault/vault.js';
import type { LoginRequest, LoginResult } from '../contract.js';
import { noteConsent } from '../refresh/refresh-recover.js';
import type { LoginAim } from './login-aim.js';
import { loginFinished } from './login-commit.js';
import { retryLogin } from './login-contract.js';
import { discard } from './login-discard.js';
import { whoLoggedIn } from './login-identity.js';
import type { IsOthersPort } from './login-redirect.js';
import { type ReservedDeps, storeLogin } from './login-store.js';

export interface LoginDeps {
  readonly vault: () => Promise<Vault>;
  readonly locks: Locks;
  readonly spill: () => Promise<Spill>;
  readonly http: () => Promise<Http>;
  readonly browser: Browser;
  readonly isOtherUser: IsOtherUser;
  readonly isOthersPort: IsOthersPort;
  readonly surroundings: Surroundings;
  readonly clock: Clock;
  readonly audit: Audit;
  /** Waits a little when there are more logins than a person begins. */
  readonly slowDown?: (provider: string) => Promise<void>;
  readonly provider: (name: string) => Promise<ConfiguredProvider>;
  readonly interruption: AbortSignal;
}

/** What a login needs once it is begun: there is room for its answer by then. */
export interface BegunLogin extends LoginDeps {
  readonly storing: ReservedDeps;
}

/** What a token request has brought. */
export interface Grant {
  readonly answer: GrantedAnswer;
  /** When the request that brought it was begun, milliseconds since the epoch. */
  readonly at: number;
}

/** A grant, however the person gave it. */
export interface Redeemed extends Grant {
  readonly provider: ConfiguredProvider;
  readonly server: ServerMetadata;
  readonly aim: LoginAim;
  /** Null where none was sent. */
  readonly nonce: string | null;
  readonly how: Consent['how'];
}

/**
 * Stores what a login has brought. A grant that is refused a place is revoked at the provider, as far as that is possible.
 *
 * @throws VaultError when it is not known who logged in, or when the grant cannot be stored
 */
export async function finish(deps: BegunLogin, vault: Vault, redeemed: Redeemed): Promise<LoginResult> {
  const { provider, server, aim, answer, at, how } = redeemed;
  const { scopes } = aim;
  const grantedScopes = canonicalScopes(scopes, answer.scopes, provider);
  const missing = missingScopes(scopes, grantedScopes);
  const granted = { askedScopes: scopes, grantedScopes, missingScopes: missing };
  let known: Identity | null = null;
  try {
    const { accessToken } = answer;
    if (accessToken === null) throw noToken(provider, aim.request);
    const { identity, issuer } = await personOf(deps, redeemed, accessToken);
    known = identity;
    const stored = await storeLogin(vault, deps.storing, {
      provider: provider.name,
      as: aim.request.as,
      request: aim.request,
      only: aim.only,
      identity,
      issuer,
      tokenEndpoint: server.tokenEndpoint,
      clientId: provider.clientId,
      ...granted,
      answer,
      accessToken,
      at,
      how,
    });
    const { account } = stored;
    await noteConsent(vault, account, { at, how, askedScopes: scopes, grantedScopes });
    deps.audit.record(loginFinished(account, stored.created), 'chained');
    const keptRefreshToken = account.hasRefreshToken && answer.refreshToken === null;
    return { ...stored, identity, missingScopes: missing, keptRefreshToken };
  } catch (failure) {
    if (!(failure instanceof VaultError) || (known !== null && !isRefused(failure))) throw failure;
    throw await discard(deps, vault, { provider, server, answer, identity: known }, failure);
  }
}

/** Whether a login is not to be stored. What could not be stored is another matter: it waits beside the vault, or may be stored. */
function isRefused({ code }: VaultError): boolean {
  return code === 'wrong_person' || code === 'account_name_taken';
}

async function personOf(deps: LoginDeps, redeemed: Redeemed, accessToken: Secret) {
  const { scopes, request } = redeemed.aim;
  return whoLoggedIn({
    ...redeemed,
    accessToken,
    idTokenAsked: scopes.includes('openid'),
    as: request.as,
    http: await deps.http(),
    now: deps.clock.now(),
  });
}

/** The provider says yes and gives nothing that could be used. */
function noToken(provider: ConfiguredProvider, request: LoginRequest): VaultError {
  return new VaultError(
    'provider_answer_invalid',
    `${provider.title} answered without a usable access token`,
    { hint: retryLogin(request, request.device ? '--device' : '') },
  );
}
