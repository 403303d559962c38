import { type RepeatableGrant, type Repeated, repeating } from '../domain/repeatable-grant.js';
import type { Secret } from '../domain/secret.js';
import { TransportFailure } from '../domain/transport.js';
import type { Provider } from '../providers/contract.js';
import type { Http, HttpAnswer } from '../system/contract.js';
import { isForm } from './answer-body.js';
import { clientAssertion } from './client-assertion.js';
import type { TokenAnswer } from './contract.js';
import { isWholeByItself, type LifetimeFacts, readTokenAnswer } from './token-answer.js';
import { isSuccess } from './token-error.js';

export interface TokenEndpoint {
  readonly endpoint: string;
  readonly provider: Pick<Provider, 'clientAuth' | 'assertion' | 'tokenBody' | 'headers' | 'errors'> &
    LifetimeFacts;
  readonly clientId: string;
  readonly clientSecret: Secret | null;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds for the whole exchange; default: the HTTP client's. */
  readonly deadline?: number | undefined;
  /** Milliseconds since the epoch, for a Retry-After date; default: the system's clock. */
  readonly now?: () => number;
}

export interface CodeExchange extends TokenEndpoint {
  readonly provider: TokenEndpoint['provider'] & Pick<Provider, 'resource'>;
  readonly code: Secret;
  /** Exactly as in the authorization request (RFC 6749 §4.1.3). */
  readonly redirectUri: string;
  /** Null when the provider does not support PKCE. */
  readonly codeVerifier: Secret | null;
}

export interface RefreshExchange extends TokenEndpoint {
  readonly provider: TokenEndpoint['provider'] &
    Pick<Provider, 'refreshParams' | 'resource' | 'scopeSeparator'>;
  readonly refreshToken: Secret;
  /** To narrow the granted scopes (RFC 6749 §6), or when a provider wants them repeated; default: none. */
  readonly scopes?: readonly string[];
}

/**
 * Redeems an authorization code (RFC 6749 §4.1.3, RFC 7636 §4.5), sending once.
 *
 * @throws TransportFailure when no answer counts
 */
export async function exchangeCode(http: Http, exchange: CodeExchange): Promise<TokenAnswer> {
  const { code, redirectUri, codeVerifier } = exchange;
  const parameters = {
    grant_type: 'authorization_code',
    code: code.reveal(),
    redirect_uri: redirectUri,
    ...resourceOf(exchange.provider),
    ...(codeVerifier === null ? {} : { code_verifier: codeVerifier.reveal() }),
  };
  return send(http, exchange, parameters, codeVerifier === null ? [code] : [code, codeVerifier]);
}

/**
 * Redeems a refresh token (RFC 6749 §6), sending once: the caller decides whether to send it again.
 *
 * @throws TransportFailure when no answer counts; its `sent` says whether the token may be used up
 */
export async function refresh(http: Http, exchange: RefreshExchange): Promise<TokenAnswer> {
  const { provider, refreshToken, scopes = [] } = exchange;
  const parameters = {
    ...provider.refreshParams,
    grant_type: 'refresh_token',
    refresh_token: refreshToken.reveal(),
    ...resourceOf(provider),
    ...(scopes.length === 0 ? {} : { scope: scopes.join(provider.scopeSeparator) }),
  };
  return send(http, exchange, parameters, [refreshToken]);
}

export interface RepeatableExchange extends TokenEndpoint {
  readonly provider: TokenEndpoint['provider'] &
    Pick<Provider, 'audience' | 'resource' | 'requestedTokenType' | 'refreshParams' | 'scopeSeparator'>;
  readonly repeated: Repeated;
  /** The access token to exchange; null for the client's own grant. */
  readonly subjectToken: Secret | null;
  readonly scopes: readonly string[];
}

/**
 * Requests a token without a user (RFC 6749 §4.4.2, RFC 8693 §2.1), sending once. A refresh token in the answer is ignored: the request itself
 * is repeated, and the answer says so in its place.
 *
 * @throws TransportFailure when no answer counts
 */
export async function requestGrant(http: Http, exchange: RepeatableExchange): Promise<TokenAnswer> {
  const { provider, repeated, subjectToken, scopes } = exchange;
  const { audience, requestedTokenType } = provider;
  const parameters = {
    ...provider.refreshParams,
    grant_type: GRANT_TYPES[repeated.grant],
    ...(subjectToken === null
      ? {}
      : { subject_token: subjectToken.reveal(), subject_token_type: ACCESS_TOKEN_TYPE }),
    ...(requestedTokenType === undefined ? {} : { requested_token_type: requestedTokenType }),
    ...(audience === undefined ? {} : { audience }),
    ...resourceOf(provider),
    ...(scopes.length === 0 ? {} : { scope: scopes.join(provider.scopeSeparator) }),
  };
  const answer = await send(http, exchange, parameters, subjectToken === null ? [] : [subjectToken]);
  return answer.kind === 'granted' ? { ...answer, refreshToken: repeating(repeated) } : answer;
}

/** RFC 8707 §2.2. */
export function resourceOf({ resource }: Pick<Provider, 'resource'>): Readonly<Record<string, string>> {
  return resource === undefined ? {} : { resource };
}

const GRANT_TYPES: Readonly<Record<RepeatableGrant, string>> = {
  client_credentials: 'client_credentials',
  token_exchange: 'urn:ietf:params:oauth:grant-type:token-exchange',
};
/** RFC 8693 §3. */
const ACCESS_TOKEN_TYPE = 'urn:ietf:params:oauth:token-type:access_token';

async function send(
  http: Http,
  to: TokenEndpoint,
  parameters: Readonly<Record<string, string>>,
  secrets: readonly Secret[],
): Promise<TokenAnswer> {
  const { provider, clientSecret, now = Date.now } = to;
  const answer = await postForToken(http, to, parameters);
  const sent = clientSecret === null ? secrets : [...secrets, clientSecret];
  return readTokenAnswer(answer, provider.errors, now(), sent, provider);
}

/**
 * One request to a token endpoint, with client authentication. A broken answer (reset, wrong length, no last chunk,
 * deadline) counts when its body is one whole JSON object with a token or an error: its refresh token may be the only
 * valid one. An answer that ended with the connection counts as broken if it may be cut off: a success that is not such
 * an object, or a form.
 *
 * @throws TransportFailure when no answer counts
 */
export async function postForToken(
  http: Http,
  to: TokenEndpoint,
  parameters: Readonly<Record<string, string>>,
): Promise<HttpAnswer> {
  const answer = await post(http, to, parameters, true);
  if (isWholeByItself(answer)) return answer;
  if (answer.brokenOff !== undefined) throw answer.brokenOff;
  const cut = answer.endedByClose === true && (isSuccess(answer.status) || isForm(answer));
  if (cut) throw new TransportFailure('reset', 'maybe', new URL(to.endpoint).host);
  return answer;
}

/**
 * One request to a token endpoint or a related one, with client authentication.
 *
 * @param acceptPart for the token endpoint: returns a broken answer as well
 * @throws TransportFailure when there is no whole answer
 */
export function post(
  http: Http,
  to: TokenEndpoint,
  parameters: Readonly<Record<string, string>>,
  acceptPart = false,
): Promise<HttpAnswer> {
  const { endpoint, signal, deadline } = to;
  const request = buildTokenRequest({ ...to, parameters });
  return http.send({ method: 'POST', url: endpoint, ...request, acceptPart, signal, deadline });
}

export interface EndpointRequest extends Pick<TokenEndpoint, 'endpoint' | 'now'> {
  readonly parameters: Readonly<Record<string, string>>;
  readonly provider: Pick<Provider, 'clientAuth' | 'assertion' | 'tokenBody' | 'headers'>;
  readonly clientId: string;
  readonly clientSecret: Secret | null;
}

/**
 * Headers and body of a POST, with client authentication in a header or in the body, never in both or in the URL (RFC
 * 6749 §2.3.1). A client without a secret is a public one and names itself in the body (RFC 8252 §8.5).
 *
 * The body contains secrets: pass it only to the HTTP client.
 */
export function buildTokenRequest(request: EndpointRequest): {
  headers: Record<string, string>;
  body: string;
} {
  const { provider, clientId, clientSecret, endpoint, now = Date.now } = request;
  const json = provider.tokenBody === 'json';
  const headers: Record<string, string> = {
    ...provider.headers,
    accept: 'application/json',
    'content-type': json ? 'application/json' : 'application/x-www-form-urlencoded',
  };
  const parameters: Record<string, string> = { ...request.parameters };
  if (provider.clientAuth === 'basic-id') {
    headers['authorization'] = `Basic ${Buffer.from(`${clientId}:`, 'utf8').toString('base64')}`;
  } else if (clientSecret === null || provider.clientAuth === 'none') {
    parameters['client_id'] = clientId;
  } else if (provider.assertion !== undefined) {
    const { assertion } = provider;
    const of = { ...assertion, key: clientSecret, clientId, endpoint, now: now() };
    Object.assign(parameters, clientAssertion(of));
  } else if (provider.clientAuth === 'post') {
    parameters['client_id'] = clientId;
    parameters['client_secret'] = clientSecret.reveal();
  } else {
    const encode = provider.clientAuth === 'basic' ? formEncoded : (text: string) => text;
    const pair = `${encode(clientId)}:${encode(clientSecret.reveal())}`;
    headers['authorization'] = `Basic ${Buffer.from(pair, 'utf8').toString('base64')}`;
  }
  const body = json ? JSON.stringify(parameters) : new URLSearchParams(parameters).toString();
  return { headers, body };
}

/** RFC 6749 Appendix B. Leaves `-`, `.` and `_` unchanged: they are in every GUID. */
function formEncoded(text: string): string {
  return new URLSearchParams([['', text]]).toString().slice(1);
}
