import { createHash } from 'node:crypto';
import { generateRandomCodeVerifier } from 'oauth4webapi';
import { parseEndpoint } from '../domain/endpoint.js';
import { VaultError } from '../domain/errors.js';
import { Secret } from '../domain/secret.js';

export interface AuthorizationRequest {
  /** Its own query is kept (RFC 6749 §3.1). */
  readonly endpoint: string;
  readonly clientId: string;
  readonly redirectUri: string;
  readonly scopes: readonly string[];
  readonly scopeSeparator: string;
  /** Default: `scope`. */
  readonly scopeParameter?: string | undefined;
  /** 256 random bits that bind the response to this login (§10.12). */
  readonly state: string;
  /** Null when the provider does not support PKCE. */
  readonly codeChallenge: string | null;
  /** 256 random bits that bind an id_token to this login (OpenID Connect Core §3.1.2.1); null where none is asked for. */
  readonly nonce: string | null;
  readonly loginHint: string | null;
  /** The protected resource that the token is for (RFC 8707 §2.1); null: not named. */
  readonly resource?: string | null;
  /** Provider-specific; cannot replace a parameter of the protocol. */
  readonly params: Readonly<Record<string, string>>;
}

/**
 * Allowed in a path. The URL is passed to programs that open browsers, so it may contain no character that a shell
 * interprets; the query is percent-encoded anyway.
 */
const PATH = /^[A-Za-z0-9\-._~/%:@+,=]*$/;

/**
 * The authorization request (RFC 6749 §4.1.1, RFC 7636 §4.3, OpenID Connect Core §3.1.2.1). It is parsed and serialised
 * again before it is returned.
 *
 * @throws VaultError `config_invalid` when the endpoint is not https (http on a loopback host), or not a plain URL
 */
export function authorizationUrl(request: AuthorizationRequest): string {
  return withQuery(request.endpoint, authorizationParameters(request));
}

/** The URL for a request that was pushed to the server (RFC 9126 §4). @throws VaultError as {@link authorizationUrl} */
export function pushedRequestUrl(endpoint: string, clientId: string, requestUri: string): string {
  return withQuery(endpoint, { client_id: clientId, request_uri: requestUri });
}

function withQuery(endpoint: string, parameters: Readonly<Record<string, string | null>>): string {
  const url = parseEndpoint(endpoint);
  if (url === null || !PATH.test(url.pathname)) {
    throw new VaultError(
      'config_invalid',
      'the authorization endpoint cannot be opened in a browser, because it is not a plain https address',
      { hint: 'correct authorizationEndpoint (or issuer) of this provider in config.json' },
    );
  }
  for (const [name, value] of Object.entries(parameters)) {
    if (value === null) url.searchParams.delete(name);
    else url.searchParams.set(name, value);
  }
  return url.href;
}

/** The parameters of the request; null ones are not sent. */
export function authorizationParameters(
  request: AuthorizationRequest,
): Readonly<Record<string, string | null>> {
  return {
    ...request.params,
    response_type: 'code',
    client_id: request.clientId,
    redirect_uri: request.redirectUri,
    state: request.state,
    [request.scopeParameter ?? 'scope']:
      request.scopes.length > 0 ? request.scopes.join(request.scopeSeparator) : null,
    code_challenge: request.codeChallenge,
    code_challenge_method: request.codeChallenge === null ? null : 'S256',
    nonce: request.nonce,
    login_hint: request.loginHint,
    ...(request.resource == null ? {} : { resource: request.resource }),
  };
}

/**
 * A code verifier of 256 random bits and its S256 challenge. `plain` is not supported (RFC 7636 §4.2, RFC 9700 §2.1.1).
 */
export function createPkce(): { verifier: Secret; challenge: string } {
  const verifier = new Secret(generateRandomCodeVerifier());
  return { verifier, challenge: codeChallenge(verifier) };
}

/** BASE64URL(SHA256(ASCII(verifier))), RFC 7636 §4.2. */
export function codeChallenge(verifier: Secret): string {
  return createHash('sha256').update(verifier.reveal(), 'ascii').digest('base64url');
}
