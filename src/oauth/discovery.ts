import { parseEndpoint } from '../domain/endpoint.js';
import { VaultError } from '../domain/errors.js';
import type { Http, HttpAnswer } from '../system/contract.js';
import { type Members, member } from './answer-body.js';
import { printable } from './clean.js';
import type { ServerMetadata } from './contract.js';
import { fetchPublished, isRedirect, locationOf, texts } from './metadata.js';

/**
 * Fetches the metadata of an authorization server: OpenID Connect Discovery 1.0 §4 and RFC 8414 §3. The document must
 * name exactly this issuer (RFC 8414 §3.3), and only https endpoints, unless the issuer is http on a loopback host.
 *
 * @throws VaultError `config_invalid` when the issuer is not such a URL; `network_failed`, `provider_unavailable`,
 *   `provider_answer_invalid`; their messages name the host, and of the answer only its issuer
 */
export async function discover(
  http: Http,
  issuer: string,
  options: { readonly signal?: AbortSignal; readonly order?: MetadataOrder } = {},
): Promise<ServerMetadata> {
  const url = parseEndpoint(issuer);
  if (url === null || url.search !== '') {
    throw new VaultError('config_invalid', 'the issuer is not a plain https address', {
      hint: 'correct the issuer of this provider in config.json: it must be an https address, such as https://login.example.com',
    });
  }
  let redirect: VaultError | null = null;
  for (const address of metadataAddresses(url, options.order ?? 'openid')) {
    const { members, answer } = await fetchPublished(http, address, options.signal);
    if (members !== null) return readMetadata(members, issuer, url.host);
    if (isRedirect(answer)) redirect ??= redirected(answer, url);
  }
  throw redirect ?? invalid(url.host, 'publishes no metadata under this issuer');
}

/** Which document is asked for first. Servers that publish both publish the same endpoints in them. */
export type MetadataOrder = 'openid' | 'oauth';

/**
 * `openid`: OpenID Connect Discovery, which appends to the path, then RFC 8414 §3.1, which inserts before it. `oauth`: the order that
 * the authorization chapter of the Model Context Protocol prescribes for clients that know only a resource.
 */
function metadataAddresses(issuer: URL, order: MetadataOrder): string[] {
  const path = issuer.pathname.replace(/\/$/, '');
  const inserted = (name: string) => `${issuer.origin}/.well-known/${name}${path}`;
  const appended = `${issuer.origin}${path}/.well-known/openid-configuration`;
  const oauth = inserted('oauth-authorization-server');
  return order === 'openid'
    ? [appended, oauth]
    : [...new Set([oauth, inserted('openid-configuration'), appended])];
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
    pushedRequestEndpoint: endpoint('pushed_authorization_request_endpoint'),
    dpopKnown: texts(member(members, 'dpop_signing_alg_values_supported')) !== null,
    registrationEndpoint: endpoint('registration_endpoint'),
    clientIdDocuments: member(members, 'client_id_metadata_document_supported') === true,
    tokenAuthMethods: texts(member(members, 'token_endpoint_auth_methods_supported')),
    grantTypes: texts(member(members, 'grant_types_supported')),
    scopesSupported: texts(member(members, 'scopes_supported')),
  };
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
