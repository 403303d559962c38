import { parseEndpoint } from '../domain/endpoint.js';
import { VaultError } from '../domain/errors.js';
import { describeTransport, TransportFailure, transportHint } from '../domain/transport.js';
import type { Http, HttpAnswer } from '../system/contract.js';
import { type Members, member, parseMembers } from './answer-body.js';
import { printable } from './clean.js';
import type { ServerMetadata } from './contract.js';
import { isSuccess } from './token-error.js';

const MOST_REDIRECTS = 3;

/**
 * Fetches the metadata of an authorization server: OpenID Connect Discovery 1.0 §4, then RFC 8414 §3. The document must
 * name exactly this issuer (RFC 8414 §3.3), and only https endpoints, unless the issuer is http on a loopback host.
 *
 * @throws VaultError `config_invalid` when the issuer is not such a URL; `network_failed`, `provider_unavailable`,
 *   `provider_answer_invalid`; their messages name the host, and of the answer only its issuer
 */
export async function discover(
  http: Http,
  issuer: string,
  options: { readonly signal?: AbortSignal } = {},
): Promise<ServerMetadata> {
  const url = parseEndpoint(issuer);
  if (url === null || url.search !== '') {
    throw new VaultError('config_invalid', 'the issuer is not a plain https address', {
      hint: 'correct the issuer of this provider in config.json: it must be an https address, such as https://login.example.com',
    });
  }
  let redirect: VaultError | null = null;
  for (const address of metadataAddresses(url)) {
    const answer = await followMetadata(http, address, options.signal);
    const members = isSuccess(answer.status) ? parseMembers(answer) : null;
    if (members !== null) return readMetadata(members, issuer, url.host);
    if (answer.status >= 500 || answer.status === 429 || answer.status === 408) {
      throw new VaultError('provider_unavailable', `${url.host} answered with status ${answer.status}`, {
        hint: 'try again later',
      });
    }
    if (isRedirect(answer)) redirect ??= redirected(answer, url);
  }
  throw redirect ?? invalid(url.host, 'publishes no metadata under this issuer');
}

/** Appended for OpenID Connect, inserted between host and path by RFC 8414 §3.1. */
function metadataAddresses(issuer: URL): string[] {
  const path = issuer.pathname.replace(/\/$/, '');
  return [
    `${issuer.origin}${path}/.well-known/openid-configuration`,
    `${issuer.origin}/.well-known/oauth-authorization-server${path}`,
  ];
}

/**
 * Follows a few redirects within the server (Django adds a slash), since the document has to name the issuer anyway. A
 * redirect to another server is returned.
 */
async function followMetadata(
  http: Http,
  url: string,
  signal: AbortSignal | undefined,
  left = MOST_REDIRECTS,
): Promise<HttpAnswer> {
  const answer = await fetchMetadata(http, url, signal);
  const target = isRedirect(answer) ? locationOf(answer, url) : null;
  if (target === null || target.origin !== new URL(url).origin || left === 0) return answer;
  return followMetadata(http, target.href, signal, left - 1);
}

function isRedirect({ status }: HttpAnswer): boolean {
  return [301, 302, 303, 307, 308].includes(status);
}

function locationOf({ headers }: HttpAnswer, base: string): URL | null {
  const location = headers['location'];
  return location !== undefined && URL.canParse(location, base) ? new URL(location, base) : null;
}

function redirected(answer: HttpAnswer, issuer: URL): VaultError {
  const target = locationOf(answer, issuer.href)?.host ?? '';
  const to = target === '' ? '' : ` to ${target}`;
  return invalid(
    issuer.host,
    `answers with a redirect (${answer.status})${to}, but metadata is accepted only from the issuer itself`,
    target === '' || target === issuer.host
      ? undefined
      : `if ${target} is the server you mean, set its issuer in config.json; else check any proxy or sign-in page of the network`,
  );
}

async function fetchMetadata(http: Http, url: string, signal: AbortSignal | undefined): Promise<HttpAnswer> {
  try {
    const headers = { accept: 'application/json' };
    return await http.send({ method: 'GET', url, headers, signal });
  } catch (failure) {
    if (!(failure instanceof TransportFailure)) throw failure;
    throw new VaultError('network_failed', describeTransport(failure), {
      hint: transportHint(failure, `check the network, and whether this is the right address: ${url}`),
    });
  }
}

function readMetadata(members: Members, issuer: string, host: string): ServerMetadata {
  if (member(members, 'issuer') !== issuer) {
    const named = printable(member(members, 'issuer'));
    throw invalid(
      host,
      'names another issuer in its metadata than the one it was asked for',
      named === null ? undefined : `if this is the server you mean, set issuer to ${named} in config.json`,
    );
  }
  const endpoint = (name: string): string | null => {
    const value = member(members, name) ?? null;
    if (value === null) return null;
    const url = typeof value === 'string' ? parseEndpoint(value) : null;
    if (url === null) throw invalid(host, `names an unsafe ${name} in its metadata`);
    if (url.protocol !== 'https:' && new URL(issuer).protocol === 'https:') {
      throw invalid(
        host,
        `names an http address of this machine as ${name} in its metadata, where any local program could receive what is sent`,
        'if that is meant, name the endpoints themselves for this provider in config.json',
      );
    }
    return url.href;
  };
  const required = (name: string): string => {
    const url = endpoint(name);
    if (url === null) throw invalid(host, `names no ${name} in its metadata`);
    return url;
  };
  return {
    issuer,
    authorizationEndpoint: endpoint('authorization_endpoint'),
    tokenEndpoint: required('token_endpoint'),
    revocationEndpoint: endpoint('revocation_endpoint'),
    deviceAuthorizationEndpoint: endpoint('device_authorization_endpoint'),
    userinfoEndpoint: endpoint('userinfo_endpoint'),
    codeChallengeMethods: texts(member(members, 'code_challenge_methods_supported')),
    responseIssSupported: member(members, 'authorization_response_iss_parameter_supported') === true,
    idTokenSigningAlgorithms: texts(member(members, 'id_token_signing_alg_values_supported')) ?? ['RS256'],
    pushedRequestsRequired: member(members, 'require_pushed_authorization_requests') === true,
    dpopKnown: texts(member(members, 'dpop_signing_alg_values_supported')) !== null,
  };
}

function texts(value: unknown): string[] | null {
  return Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : null;
}

function invalid(
  host: string,
  what: string,
  hint = 'check issuer of this provider in config.json',
): VaultError {
  return new VaultError('provider_answer_invalid', `${host} ${what}`, { hint });
}

const TENANT = '{tenantid}';
const GUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Whether an issuer is a template with one issuer per tenant, like Entra's `common`. */
export function isIssuerTemplate(issuer: string): boolean {
  return issuer.includes(TENANT);
}

/** @returns null when the tenant is not a GUID: nothing else is ever put into an issuer */
export function issuerOfTenant(template: string, tenant: unknown): string | null {
  return typeof tenant === 'string' && GUID.test(tenant) ? template.replace(TENANT, tenant) : null;
}

/** The template of which this is the issuer of one tenant; an issuer without a tenant as it is. */
export function templateOf(issuer: string): string {
  return issuer
    .split('/')
    .map((part) => (GUID.test(part) ? TENANT : part))
    .join('/');
}

/** String comparison (RFC 9207 §2.4); a template matches every tenant's issuer. */
export function isIssuer(expected: string, actual: string): boolean {
  if (!isIssuerTemplate(expected)) return actual === expected;
  const [before, after] = expected.split(TENANT) as [string, string];
  const tenant = actual.slice(before.length, actual.length - after.length);
  return issuerOfTenant(expected, tenant) === actual;
}
