import { generateRandomNonce, generateRandomState } from 'oauth4webapi';
import { equalBytes } from '../../crypto/derive.js';
import { formatDuration } from '../../domain/duration-text.js';
import { EXIT_CODES, VaultError } from '../../domain/errors.js';
import { command } from '../../domain/hints.js';
import { parseScopes, readable } from '../../domain/scopes.js';
import { TransportFailure } from '../../domain/transport.js';
import { interrupted } from '../../domain/waiting.js';
import {
  type AuthorizationRequest,
  authorizationParameters,
  authorizationUrl,
  createPkce,
  pushedRequestUrl,
} from '../../oauth/authorize-url.js';
import { readAuthorizationResponse } from '../../oauth/callback.js';
import type { ServerMetadata } from '../../oauth/contract.js';
import type { LoginOutcome } from '../../oauth/loopback/page.js';
import { pushRequest } from '../../oauth/pushed-request.js';
import { whereSent } from '../../oauth/regions.js';
import { type CodeExchange, exchangeCode } from '../../oauth/token-endpoint.js';
import type { ConfiguredProvider } from '../../providers/contract.js';
import type { Vault } from '../../vault/vault.js';
import { serverOf } from '../provider-server.js';
import { unreachable } from '../refusals.js';
import { clientFor, clientLost } from './login-client.js';
import { finish, type Grant, type LoginRun } from './login-finish.js';
import { type OpenRedirect, openBrowser, openRedirect, redirectFor } from './login-redirect.js';
import { authorizationRefusal, codeRefusal, noBrowserLogin, noPushedRequests } from './login-refusals.js';
import { type LoginRequest, type LoginResult, type LoginTalk, retryLogin } from './login-request.js';
import { type LoginTarget, suggestedUser } from './login-target.js';

/**
 * Logs in by authorization code and PKCE (RFC 6749 §4.1, RFC 7636, RFC 9700). The answer comes to a loopback listener (RFC 8252)
 * or is pasted.
 *
 * @throws VaultError
 */
export async function loginWithCode(
  ctx: LoginRun,
  vault: Vault,
  found: ConfiguredProvider,
  target: LoginTarget,
  talk: LoginTalk,
): Promise<LoginResult> {
  const { request, scopes } = target;
  const server = await serverOf(found, ctx.http, ctx.interruption);
  const { authorizationEndpoint } = server;
  if (authorizationEndpoint === null) throw noBrowserLogin(found, deviceCommand(found, server, request));
  const pkce = found.pkce ? createPkce() : null;
  const nonce = scopes.includes('openid') && found.nonce !== false ? generateRandomNonce() : null;
  const state = generateRandomState();
  const redirect = await openRedirect(redirectFor(found, request), {
    state,
    provider: found,
    audit: ctx.audit,
    isOtherUser: ctx.isOtherUser,
    isOthersPort: ctx.isOthersPort,
    signal: ctx.interruption,
  });
  try {
    const provider = await clientFor(ctx, vault, found, server, redirect.redirectUri);
    const url = await requestUrl(ctx, vault, provider, server, request, {
      endpoint: authorizationEndpoint,
      clientId: provider.clientId,
      redirectUri: redirect.redirectUri,
      scopes,
      scopeSeparator: provider.scopeSeparator,
      scopeParameter: provider.scopeParameter,
      state,
      codeChallenge: pkce?.challenge ?? null,
      nonce,
      loginHint: await suggestedUser(vault, target),
      resource: provider.resource ?? null,
      params: target.params,
    });
    const wanted = request.openBrowser ? await openBrowser(ctx, redirect.startPage, url) : null;
    talk.on({
      kind: 'authorize',
      redirectUri: redirect.redirectUri,
      ...(wanted ?? { opened: false, url }),
      listening: redirect.listening,
      surroundings: ctx.surroundings,
      instead: deviceCommand(provider, server, request),
    });
    const wait = { provider, server, target, redirect, state, talk };
    const { url: answered, how } = await waitForAnswer(wait, ctx.interruption);
    const response = readAuthorizationResponse({ url: answered, state, server, clientId: provider.clientId });
    if (response.kind === 'error')
      throw authorizationRefusal(provider, request, response.error, response.description);
    talk.on({ kind: 'code_received' });
    const there = whereSent(provider, answered);
    const itsServer = there === provider ? server : await serverOf(there, ctx.http, ctx.interruption);
    const { answer, at } = await redeem(ctx, vault, there, itsServer, {
      code: response.code,
      redirectUri: redirect.redirectUri,
      codeVerifier: pkce?.verifier ?? null,
    });
    const said = provider.scopesFrom === 'callback' ? parseScopes(answered.searchParams.get('scope')) : null;
    const grant = { answer: { ...answer, scopes: answer.scopes ?? said }, at };
    const result = await finish(ctx, vault, {
      ...{ provider: there, server: itsServer },
      ...{ target, nonce, how, ...grant },
    });
    redirect.conclude(result.missingScopes.length === 0 ? 'logged_in' : 'fewer_scopes');
    return result;
  } catch (failure) {
    redirect.conclude(outcomeOf(failure));
    throw failure;
  } finally {
    await redirect.close();
  }
}

/** By the exit code, which names the part that failed. */
function outcomeOf(failure: unknown): LoginOutcome {
  if (!(failure instanceof VaultError)) return 'failed';
  if (failure.code === 'wrong_person') return 'wrong_person';
  const outcomes: Readonly<Record<number, LoginOutcome>> = {
    [EXIT_CODES.login_refused]: 'provider_refused',
    [EXIT_CODES.provider_unavailable]: 'provider_failed',
    [EXIT_CODES.key_unavailable]: 'key_unavailable',
    [EXIT_CODES.vault_damaged]: 'vault_failed',
    [EXIT_CODES.client_refused]: 'provider_refused',
  };
  return outcomes[failure.exitCode] ?? 'failed';
}

/** The URL for the browser. The request itself is sent to a server that wants it so (RFC 9126 §5). */
async function requestUrl(
  ctx: LoginRun,
  vault: Vault,
  provider: ConfiguredProvider,
  server: ServerMetadata,
  asked: LoginRequest,
  request: AuthorizationRequest,
): Promise<string> {
  if (server.pushedRequestsRequired !== true) return authorizationUrl(request);
  const { clientId, clientSecret } = provider;
  const endpoint = server.pushedRequestEndpoint ?? null;
  if (endpoint === null) throw noPushedRequests(provider);
  const { clock, interruption: signal } = ctx;
  const to = { endpoint, provider, clientId, clientSecret, signal, now: clock.now };
  try {
    const answer = await pushRequest(await ctx.http(), to, authorizationParameters(request));
    if (answer.kind === 'pushed') return pushedRequestUrl(request.endpoint, clientId, answer.requestUri);
    throw (
      (await clientLost(ctx, vault, provider, answer)) ??
      authorizationRefusal(provider, asked, answer.error, answer.description)
    );
  } catch (failure) {
    signal.throwIfAborted();
    throw failure instanceof TransportFailure ? unreachable(failure) : failure;
  }
}

async function redeem(
  ctx: LoginRun,
  vault: Vault,
  provider: ConfiguredProvider,
  server: ServerMetadata,
  exchange: Pick<CodeExchange, 'code' | 'redirectUri' | 'codeVerifier'>,
): Promise<Grant> {
  const http = await ctx.http();
  const at = ctx.clock.now();
  const { clientId, clientSecret } = provider;
  try {
    const answer = await exchangeCode(http, {
      ...exchange,
      endpoint: server.tokenEndpoint,
      provider,
      clientId,
      clientSecret,
    });
    if (answer.kind === 'refused')
      throw (await clientLost(ctx, vault, provider, answer)) ?? codeRefusal(provider, answer, server);
    return { answer, at };
  } catch (failure) {
    throw failure instanceof TransportFailure ? unreachable(failure) : failure;
  }
}

/** The command for a login by device code; null where this client probably does not support one. */
function deviceCommand(
  { device }: ConfiguredProvider,
  { deviceAuthorizationEndpoint }: ServerMetadata,
  request: LoginRequest,
): string | null {
  const possible = deviceAuthorizationEndpoint !== null && device?.ownClient !== true;
  return possible ? retryLogin(request, '--device') : null;
}

interface AnswerWait {
  readonly provider: ConfiguredProvider;
  readonly server: ServerMetadata;
  readonly target: LoginTarget;
  readonly redirect: OpenRedirect;
  readonly state: string;
  readonly talk: LoginTalk;
}

interface Answer {
  readonly url: URL;
  readonly how: 'browser' | 'paste';
}

/** The longest delay of a timer: Node fires a longer one immediately. */
const LONGEST_TIMER = 2 ** 31 - 1;

/**
 * Waits for the answer, from the listener or as a pasted URL, whichever comes first.
 *
 * @throws VaultError `login_timed_out`, `login_refused` when there is nothing left to wait for; the interruption's reason
 */
async function waitForAnswer(wait: AnswerWait, interruption: AbortSignal): Promise<Answer> {
  const over = new AbortController();
  const answers: Promise<Answer>[] = [interrupted(interruption, over.signal), timedOut(wait, over.signal)];
  const { response } = wait.redirect;
  if (response !== null) answers.push(response.then((url) => ({ url, how: 'browser' })));
  if (wait.talk.pasted !== null) answers.push(pasted(wait, wait.talk.pasted(over.signal), over.signal));
  try {
    return await Promise.race(answers);
  } finally {
    over.abort();
  }
}

async function pasted(wait: AnswerWait, lines: AsyncIterable<string>, over: AbortSignal): Promise<Answer> {
  for await (const line of lines) {
    if (line.trim() === '') continue;
    const reading = readPasted(line.trim(), wait.redirect.redirectUri, wait.state);
    if (reading instanceof URL) return { url: reading, how: 'paste' };
    wait.talk.on({ kind: 'wrong_paste', reason: reading });
  }
  if (over.aborted || wait.redirect.listening !== null) return new Promise<never>(() => {});
  throw new VaultError('login_refused', 'the input ended before the redirect URL was pasted', {
    hint: retryLogin(wait.target.request, '--paste'),
  });
}

/** @returns what is wrong with the line, when it is not the answer to this login */
export function readPasted(line: string, redirectUri: string, state: string): URL | string {
  if (!URL.canParse(line))
    return 'it is not a complete URL; copy everything from the address bar, beginning with http';
  const url = new URL(line);
  const expected = new URL(redirectUri);
  if (url.origin !== expected.origin || url.pathname !== expected.pathname) {
    return `it does not start with ${redirectUri}`;
  }
  const [given, ...others] = url.searchParams.getAll('state');
  if (given === undefined || others.length > 0 || !equalBytes(Buffer.from(given), Buffer.from(state))) {
    return 'it belongs to another login; use the page that was opened for this one';
  }
  if (!url.searchParams.has('code') && !url.searchParams.has('error')) {
    return 'it contains no code and may have been cut off; copy all of it';
  }
  return url;
}

function timedOut(wait: AnswerWait, over: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const limit = Math.min(wait.target.request.timeout, LONGEST_TIMER);
    const timer = setTimeout(() => reject(timeoutError(wait)), limit);
    over.addEventListener('abort', () => clearTimeout(timer));
  });
}

/** An error page of the provider is not reported to this program, so the hint names the likely ones. */
function timeoutError({ provider, server, target, redirect: { registered } }: AnswerWait): VaultError {
  const { title, name, deadEnds, clientId } = provider;
  const { request, scopes } = target;
  const pages = deadEnds.map(({ shows, means }) => `if ${title} showed ${shows}: ${means}`);
  const port = new URL(registered).port === '' ? '; if it must have a port, choose one and add --port' : '';
  const asked = scopes.length === 0 ? '' : `, or one of the scopes ${readable(scopes.join(' '))}`;
  const unknown = `if ${title} showed an error page, it may not accept the redirect URI (register exactly ${registered}${port}), the client id ${clientId}${asked}: ${command(`providers ${name}`)}`;
  const silent = `if no page appeared, check whether ${new URL(server.authorizationEndpoint ?? server.issuer).host} answers`;
  return new VaultError(
    'login_timed_out',
    `the login was not completed within ${formatDuration(request.timeout)}`,
    {
      hint: [...(pages.length > 0 ? pages : [unknown]), silent, `then: ${retryLogin(request)}`].join('\n'),
      details: { redirect_uri: registered },
    },
  );
}
