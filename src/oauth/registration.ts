import { SECOND } from '../domain/duration.js';
import { parseEndpoint } from '../domain/endpoint.js';
import { VaultError } from '../domain/errors.js';
import type { RegisteredAuth, RegisteredClient } from '../domain/registered-client.js';
import { Secret } from '../domain/secret.js';
import { TransportFailure } from '../domain/transport.js';
import type { Http } from '../system/contract.js';
import { type Members, member, parseMembers } from './answer-body.js';
import type { RefusedAnswer, ServerMetadata } from './contract.js';
import { texts } from './metadata.js';
import { classify, isSuccess, saysError } from './token-error.js';

/** What a server has registered (RFC 7591 §3.2.1). */
export interface Registration {
  readonly kind: 'registered';
  readonly clientId: string;
  readonly clientAuth: RegisteredAuth;
  /** Null for a public client. */
  readonly clientSecret: Secret | null;
  /** Milliseconds since the epoch; null: it does not end. */
  readonly secretExpiresAt: number | null;
  /** With the address that it is for (RFC 7592 §3), or both are null. */
  readonly registrationToken: Secret | null;
  readonly registrationUri: string | null;
}

const METHODS: Readonly<Record<RegisteredAuth, string>> = {
  none: 'none',
  basic: 'client_secret_basic',
  post: 'client_secret_post',
};
const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';
/** RFC 6749 appendix A.1. */
const CLIENT_ID = /^[\x20-\x7e]{1,2048}$/;
const NO_FACTS = { loginNeeded: [], configuration: [], policy: [], transient: [] };

/**
 * Registers this program as a native client (RFC 7591 §3.1, RFC 8252 §8.4): public where the server allows it, else with a secret.
 *
 * @throws TransportFailure; VaultError `provider_answer_invalid` when the answer names no client that this program can be
 */
export async function registerClient(
  http: Http,
  endpoint: string,
  server: ServerMetadata,
  redirectUri: string,
  signal?: AbortSignal,
): Promise<Registration | RefusedAnswer> {
  const asked = {
    client_name: 'token-vault',
    application_type: 'native',
    redirect_uris: [redirectUri],
    grant_types: grantTypes(server),
    response_types: ['code'],
    token_endpoint_auth_method: METHODS[wantedAuth(server)],
  };
  const headers = { accept: 'application/json', 'content-type': 'application/json' };
  const answer = await http.send({
    ...{ method: 'POST', url: endpoint, headers, body: JSON.stringify(asked), signal },
  });
  const members = parseMembers(answer);
  if (!isSuccess(answer.status) || members === null || saysError(members))
    return classify(answer, members, NO_FACTS, Date.now());
  return readRegistration(members, redirectUri, asked.token_endpoint_auth_method, new URL(endpoint));
}

/** A public client is the rule for a program on the user's machine; a server that lists no methods is taken to allow it. */
function wantedAuth({ tokenAuthMethods }: ServerMetadata): RegisteredAuth {
  const methods = tokenAuthMethods ?? null;
  if (methods === null) return 'none';
  return (['none', 'basic', 'post'] as const).find((auth) => methods.includes(METHODS[auth])) ?? 'none';
}

function grantTypes({ grantTypes, deviceAuthorizationEndpoint }: ServerMetadata): readonly string[] {
  const device = deviceAuthorizationEndpoint !== null && (grantTypes ?? []).includes(DEVICE_GRANT);
  const renewable = grantTypes == null || grantTypes.includes('refresh_token');
  return ['authorization_code', ...(renewable ? ['refresh_token'] : []), ...(device ? [DEVICE_GRANT] : [])];
}

function readRegistration(
  members: Members,
  redirectUri: string,
  askedMethod: string,
  { host, origin }: URL,
): Registration {
  const clientId = member(members, 'client_id');
  if (typeof clientId !== 'string' || !CLIENT_ID.test(clientId)) throw unusable(host, 'names no client id');
  const redirects = texts(member(members, 'redirect_uris'));
  if (redirects !== null && !redirects.includes(redirectUri))
    throw unusable(host, 'does not have the redirect URI that was asked for');
  const secret = member(members, 'client_secret');
  const clientSecret = typeof secret === 'string' && secret !== '' ? new Secret(secret) : null;
  const method = member(members, 'token_endpoint_auth_method') ?? askedMethod;
  const clientAuth = (['none', 'basic', 'post'] as const).find((auth) => METHODS[auth] === method);
  if (clientAuth === undefined || (clientAuth !== 'none' && clientSecret === null))
    throw unusable(host, 'needs a client authentication method that vault does not support');
  const ends = Number(member(members, 'client_secret_expires_at') ?? 0) * SECOND;
  const address = member(members, 'registration_client_uri');
  const token = member(members, 'registration_access_token');
  const uri = typeof address === 'string' ? parseEndpoint(address) : null;
  const managed = typeof token === 'string' && token !== '' && uri?.origin === origin;
  return {
    kind: 'registered',
    clientId,
    clientAuth,
    clientSecret: clientAuth === 'none' ? null : clientSecret,
    secretExpiresAt: clientAuth !== 'none' && Number.isSafeInteger(ends) && ends > 0 ? ends : null,
    registrationToken: managed ? new Secret(token) : null,
    registrationUri: managed ? uri.href : null,
  };
}

function unusable(host: string, what: string): VaultError {
  return new VaultError(
    'provider_answer_invalid',
    `the client that ${host} registered for this program ${what}`,
  );
}

/**
 * Reads a registration again (RFC 7592 §2.1): the server may have issued another secret or token with the answer, which then replace
 * the old ones.
 *
 * @returns `gone` when the server no longer knows it; null when it does not say
 * @throws VaultError as {@link registerClient}
 */
export async function readClient(
  http: Http,
  { clientId, redirectUri, clientAuth }: RegisteredClient,
  uri: string,
  token: Secret,
  signal?: AbortSignal,
): Promise<Registration | 'gone' | null> {
  const headers = { accept: 'application/json', authorization: `Bearer ${token.reveal()}` };
  const answer = await http.send({ method: 'GET', url: uri, headers, signal }).catch((failure: unknown) => {
    if (failure instanceof TransportFailure && signal?.aborted !== true) return null;
    throw failure;
  });
  if (answer === null) return null;
  if ([401, 404, 410].includes(answer.status)) return 'gone';
  const members = isSuccess(answer.status) ? parseMembers(answer) : null;
  if (members === null || member(members, 'client_id') !== clientId) return null;
  return readRegistration(members, redirectUri, METHODS[clientAuth], new URL(uri));
}

/** Deletes a registration at its server (RFC 7592 §2.3). @returns whether it is gone @throws TransportFailure */
export async function deleteRegistration(http: Http, uri: string, token: Secret): Promise<boolean> {
  const headers = { authorization: `Bearer ${token.reveal()}` };
  const { status } = await http.send({ method: 'DELETE', url: uri, headers });
  // RFC 7592 §2: a token of a client that does not exist is not valid.
  return isSuccess(status) || status === 401 || status === 404 || status === 410;
}
