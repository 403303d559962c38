import { TransportFailure } from '../../domain/transport.js';
import { authorizationUrl } from '../../oauth/authorize-url.js';
import { readAuthorizationResponse } from '../../oauth/callback.js';
import type { ServerMetadata } from '../../oauth/contract.js';
import { createNonce, createPkce, createState } from '../../oauth/pkce.js';
import { type CodeExchange, exchangeCode } from '../../oauth/token-endpoint.js';
import type { ConfiguredProvider } from '../../providers/contract.js';
import type { Vault } from '../../vault/vault.js';
import type { LoginRequest, LoginResult, LoginTalk } from '../contract.js';
import { unreachable } from '../refusals.js';
import { serverOf } from '../server.js';
import type { LoginAim } from './login-aim.js';
import { waitForAnswer } from './login-answer.js';
import { retryLogin } from './login-contract.js';
import { type BegunLogin, finish, type Grant, type LoginDeps } from './login-finish.js';
import { openBrowser, openRedirect, redirectFor } from './login-redirect.js';
import { authorizationRefusal, codeRefusal, pushedRequestsOnly } from './login-refusals.js';

/**
 * The login by authorization code and PKCE (RFC 6749 §4.1, RFC 7636, RFC 9700): the answer comes to a loopback listener
 * (RFC 8252) or is pasted, whichever is first.
 *
 * @throws VaultError
 */
export async function byCode(
  deps: BegunLogin,
  vault: Vault,
  provider: ConfiguredProvider,
  aim: LoginAim,
  talk: LoginTalk,
): Promise<LoginResult> {
  const { request, scopes } = aim;
  const server = await serverOf(provider, deps.http, deps.interruption);
  if (server.pushedRequestsRequired === true)
    throw pushedRequestsOnly(provider, deviceCommand(provider, server, request));
  const pkce = provider.pkce ? createPkce() : null;
  const nonce = scopes.includes('openid') ? createNonce() : null;
  const state = createState();
  const redirect = await openRedirect(redirectFor(provider, request), {
    state,
    provider,
    audit: deps.audit,
    isOtherUser: deps.isOtherUser,
    isOthersPort: deps.isOthersPort,
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
    const wanted = request.openBrowser ? await openBrowser(deps, redirect.startPage, url) : null;
    talk.on({
      kind: 'authorize',
      redirectUri: redirect.redirectUri,
      ...(wanted ?? { opened: false, url }),
      listening: redirect.listening,
      surroundings: deps.surroundings,
      instead: deviceCommand(provider, server, request),
    });
    const { url: answered, how } = await waitForAnswer({
      listener: redirect.response,
      toBePasted: redirect.listening === null,
      talk,
      redirectUri: redirect.redirectUri,
      registered: redirect.registered,
      state,
      provider,
      server,
      scopes,
      request,
      timeout: request.timeout,
      interruption: deps.interruption,
    });
    const response = readAuthorizationResponse({ url: answered, state, server, clientId: provider.clientId });
    if (response.kind === 'error') throw authorizationRefusal(provider, response.error, response.description);
    talk.on({ kind: 'code_received' });
    const grant = await redeem(deps, provider, server, {
      code: response.code,
      redirectUri: redirect.redirectUri,
      codeVerifier: pkce?.verifier ?? null,
    });
    return await finish(deps, vault, { provider, server, aim, nonce, how, ...grant });
  } finally {
    await redirect.close();
  }
}

async function redeem(
  deps: LoginDeps,
  provider: ConfiguredProvider,
  server: ServerMetadata,
  exchange: Pick<CodeExchange, 'code' | 'redirectUri' | 'codeVerifier'>,
): Promise<Grant> {
  const http = await deps.http();
  const at = deps.clock.now();
  const { clientId, clientSecret } = provider;
  try {
    const answer = await exchangeCode(http, {
      ...exchange,
      endpoint: server.tokenEndpoint,
      provider,
      clientId,
      clientSecret,
    });
    if (answer.kind === 'refused') throw codeRefusal(provider, answer, server);
    return { answer, at };
  } catch (failure) {
    throw failure instanceof TransportFailure ? unreachable(failure) : failure;
  }
}

/** The command for a login on another device, where it is likely to work with this very client. */
function deviceCommand(
  { device }: ConfiguredProvider,
  { deviceAuthorizationEndpoint }: ServerMetadata,
  request: LoginRequest,
): string | null {
  const possible = deviceAuthorizationEndpoint !== null && device?.ownClient !== true;
  return possible ? retryLogin(request, '--device') : null;
}
