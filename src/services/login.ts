import type { Audit } from '../audit/events.js';
import { accountName } from '../domain/account.js';
import { VaultError } from '../domain/errors.js';
import { canonicalScopes, missingScopes } from '../domain/scopes.js';
import type { Secret } from '../domain/secret.js';
import { TransportFailure } from '../domain/transport.js';
import { authorizationUrl } from '../oauth/authorize-url.js';
import { readAuthorizationResponse } from '../oauth/callback.js';
import type { GrantedAnswer, ServerMetadata } from '../oauth/contract.js';
import { createNonce, createPkce, createState } from '../oauth/pkce.js';
import { exchangeCode } from '../oauth/token-endpoint.js';
import type { ConfiguredProvider } from '../providers/contract.js';
import type { Locks } from '../stores/contract.js';
import type { Browser, Clock, Http } from '../system/contract.js';
import type { Vault } from '../vault/vault.js';
import type { LoginPlan, LoginRequest, LoginResult, LoginTalk } from './contract.js';
import { aimOf, type LoginAim } from './login-aim.js';
import { waitForAnswer } from './login-answer.js';
import { namedByPerson, whoLoggedIn } from './login-identity.js';
import { openRedirect, redirectFor, redirectUri } from './login-redirect.js';
import { storeLogin } from './login-store.js';
import { authorizationRefusal, codeRefusal, unreachable } from './refusals.js';
import { serverOf } from './server.js';

export interface LoginDeps {
  readonly vault: () => Promise<Vault>;
  readonly locks: Locks;
  readonly http: () => Promise<Http>;
  readonly browser: Browser;
  readonly clock: Clock;
  readonly audit: Audit;
  readonly provider: (name: string) => Promise<ConfiguredProvider>;
  readonly interruption: AbortSignal;
}

/** What a login would do; checks what a login checks first, sends nothing, opens nothing. @throws VaultError */
export async function planLogin(
  deps: Pick<LoginDeps, 'provider'> & { readonly vault: () => Promise<Vault | null> },
  request: LoginRequest,
): Promise<LoginPlan> {
  const provider = await deps.provider(request.provider);
  const redirect = redirectFor(provider, request);
  const aim = await aimOf(provider, await deps.vault(), request);
  namedByPerson(provider, aim.request.as);
  return {
    provider: provider.name,
    title: provider.title,
    issuer: provider.issuer,
    authorizationEndpoint: provider.endpoints?.authorization ?? null,
    tokenEndpoint: provider.endpoints?.token ?? null,
    clientId: provider.clientId,
    redirectUri: redirect.kind === 'paste' ? redirect.redirectUri : redirectUri(redirect.facts),
    scopes: aim.scopes,
    pkce: provider.pkce,
    authorizeParams: aim.params,
    account: aim.only === null ? null : accountName(aim.only),
  };
}

/**
 * Logs a person in by authorization code and PKCE over a loopback listener (RFC 8252, RFC 7636, RFC 9700): everything
 * that can be checked is checked before a browser opens, and nothing is stored before the whole login is good.
 *
 * @throws VaultError
 */
export async function login(deps: LoginDeps, asked: LoginRequest, talk: LoginTalk): Promise<LoginResult> {
  const provider = await deps.provider(asked.provider);
  // Whatever can go wrong without the person goes wrong before their time is wasted: settings, options, the vault.
  redirectFor(provider, asked);
  if (asked.addScopes.length === 0) namedByPerson(provider, asked.as);
  const vault = await deps.vault();
  await vault.rehearse();
  const aim = await aimOf(provider, vault, asked);
  deps.audit.record({ event: 'login_started', provider: provider.name });
  try {
    return await authorized(deps, vault, provider, aim, talk);
  } catch (failure) {
    const code = failure instanceof VaultError ? failure.code : 'unexpected';
    deps.audit.record({ event: 'login_failed', provider: provider.name, code });
    throw failure;
  }
}

async function authorized(
  deps: LoginDeps,
  vault: Vault,
  provider: ConfiguredProvider,
  aim: LoginAim,
  talk: LoginTalk,
): Promise<LoginResult> {
  const { request, scopes } = aim;
  const server = await serverOf(provider, deps.http, deps.interruption);
  const pkce = provider.pkce ? createPkce() : null;
  const nonce = scopes.includes('openid') ? createNonce() : null;
  const state = createState();
  const redirect = await openRedirect(redirectFor(provider, request), {
    state,
    provider: provider.name,
    audit: deps.audit,
    signal: deps.interruption,
  });
  try {
    const url = authorizationUrl({
      endpoint: server.authorizationEndpoint,
      clientId: provider.clientId,
      redirectUri: redirect.redirectUri,
      scopes,
      scopeSeparator: provider.scopeSeparator,
      state,
      codeChallenge: pkce?.challenge ?? null,
      nonce,
      loginHint: request.loginHint,
      params: aim.params,
    });
    const opened = request.openBrowser && (await deps.browser.open(url));
    talk.on({ kind: 'authorize', url, redirectUri: redirect.redirectUri, opened });
    const { url: answered, how } = await waitForAnswer({
      listener: redirect.response,
      talk,
      redirectUri: redirect.redirectUri,
      state,
      provider,
      timeout: request.timeout,
      interruption: deps.interruption,
    });
    const response = readAuthorizationResponse({ url: answered, state, server, clientId: provider.clientId });
    if (response.kind === 'error') throw authorizationRefusal(provider, response.error, response.description);
    talk.on({ kind: 'code_received' });
    const verifier = pkce?.verifier ?? null;
    const grant = await redeem(deps, provider, server, redirect.redirectUri, response.code, verifier);
    return await finish(deps, vault, { provider, server, aim, nonce, how, ...grant });
  } finally {
    await redirect.close();
  }
}

interface Grant {
  readonly answer: GrantedAnswer;
  readonly accessToken: Secret;
  readonly at: number;
}

async function redeem(
  deps: LoginDeps,
  provider: ConfiguredProvider,
  server: ServerMetadata,
  uri: string,
  code: Secret,
  codeVerifier: Secret | null,
): Promise<Grant> {
  const http = await deps.http();
  const at = deps.clock.now();
  const { clientId, clientSecret } = provider;
  try {
    const exchange = {
      endpoint: server.tokenEndpoint,
      provider,
      clientId,
      clientSecret,
      code,
      redirectUri: uri,
      codeVerifier,
    };
    const answer = await exchangeCode(http, exchange);
    if (answer.kind === 'refused') throw codeRefusal(provider, answer);
    if (answer.accessToken !== null) return { answer, accessToken: answer.accessToken, at };
  } catch (failure) {
    throw failure instanceof TransportFailure ? unreachable(failure) : failure;
  }
  throw new VaultError(
    'provider_answer_invalid',
    `${provider.title} answered without a usable access token`,
    {
      hint: `vault login ${provider.name}`,
    },
  );
}

interface Redeemed extends Grant {
  readonly provider: ConfiguredProvider;
  readonly server: ServerMetadata;
  readonly aim: LoginAim;
  readonly nonce: string | null;
  readonly how: 'browser' | 'paste';
}

async function finish(deps: LoginDeps, vault: Vault, redeemed: Redeemed): Promise<LoginResult> {
  const { provider, server, aim, answer, at, accessToken, how } = redeemed;
  const { scopes } = aim;
  const { identity, issuer } = await whoLoggedIn({
    ...redeemed,
    as: aim.request.as,
    http: await deps.http(),
    now: deps.clock.now(),
  });
  const grantedScopes = canonicalScopes(scopes, answer.scopes, provider);
  const missing = missingScopes(scopes, grantedScopes);
  const stored = await storeLogin(
    vault,
    deps.locks,
    {
      provider: provider.name,
      as: aim.request.as,
      only: aim.only,
      identity,
      issuer,
      tokenEndpoint: server.tokenEndpoint,
      clientId: provider.clientId,
      askedScopes: scopes,
      grantedScopes,
      missingScopes: missing,
      answer,
      accessToken,
      at,
    },
    deps.interruption,
  );
  const { account } = stored;
  await vault.addConsent(account.id, { at, how, askedScopes: scopes, grantedScopes });
  deps.audit.record({
    event: 'login_finished',
    provider: provider.name,
    account: account.id,
    created: stored.created,
  });
  const keptRefreshToken = account.hasRefreshToken && answer.refreshToken === null;
  return { ...stored, identity, missingScopes: missing, keptRefreshToken };
}
