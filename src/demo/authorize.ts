import { randomBytes } from 'node:crypto';
import { isLoopbackHost } from '../domain/endpoint.js';
import { consentPage } from './consent-page.js';
import type { DemoAnswer, DemoEndpoint } from './contract.js';
import { digest, type Family, PEOPLE, type PendingRequest, SCOPES } from './grants.js';
import { redirect, text } from './http.js';
import { type Incoming, mint, type World } from './world.js';

const TEN_MINUTES = 600_000;
const ONE_MINUTE = 60_000;

/** Checks the authorization request (RFC 6749 §4.1.1, RFC 7636 §4.3) and shows the consent page. */
export function authorize(world: World, incoming: Incoming): DemoAnswer {
  const query = incoming.url.searchParams;
  const redirectUri = query.get('redirect_uri');
  // Errors about the client or its redirect URI must not be redirected (RFC 6749 §4.1.2.1).
  if ([...query.keys()].length !== new Set(query.keys()).size) return text(400, 'a parameter came twice');
  if (query.get('client_id') !== world.client.id) return text(400, 'unknown client_id');
  if (redirectUri === null || !isLoopback(redirectUri))
    return text(400, 'redirect_uri is not a loopback address');

  const asked = query.get('scope')?.split(' ').filter(Boolean) ?? [];
  const request: PendingRequest = {
    redirectUri,
    state: query.get('state'),
    nonce: query.get('nonce'),
    challenge: query.get('code_challenge'),
    scopes: [...new Set(asked)],
    loginHint: query.get('login_hint'),
    endsAt: world.now() + TEN_MINUTES,
  };
  const error = requestError(world, query, request);
  if (error !== null) {
    world.record('authorize', 'refused', { note: error });
    return sendBack(world, request, { error });
  }
  const id = randomBytes(16).toString('base64url');
  world.grants.pending.set(id, request);
  return consentPage(id, request);
}

function requestError(world: World, query: URLSearchParams, request: PendingRequest): string | null {
  if (query.get('response_type') !== 'code') return 'unsupported_response_type';
  if (!request.state) return 'invalid_request';
  const pkce = request.challenge !== null && query.get('code_challenge_method') === 'S256';
  if (world.pkceRequired && !pkce) return 'invalid_request';
  if (request.challenge !== null && !/^[\w-]{43}$/.test(request.challenge)) return 'invalid_request';
  return request.scopes.every((scope) => scope in SCOPES) ? null : 'invalid_scope';
}

/** Handles the consent form, once for each request. */
export function consent(world: World, incoming: Incoming): DemoAnswer {
  const form = new URLSearchParams(incoming.body);
  const id = form.get('request') ?? '';
  const request = world.grants.pending.get(id);
  world.grants.pending.delete(id);
  if (!request || request.endsAt < world.now())
    return text(400, 'this request has ended; start the login again');
  const family = decided(world, 'consent', form, request.scopes);
  if (family === null)
    return sendBack(world, request, { error: 'access_denied', error_description: 'the user refused' });
  const code = mint(world, 'code');
  const endsAt = world.now() + ONE_MINUTE;
  world.grants.codes.set(digest(code), { request, family, endsAt, redeemed: false });
  return sendBack(world, request, { code });
}

/** What the user chose on a consent form. @returns the new grant; null when it was denied */
export function decided(
  world: World,
  endpoint: DemoEndpoint,
  form: URLSearchParams,
  asked: readonly string[],
): Family | null {
  const person = PEOPLE.find((one) => one.key === form.get('person'));
  if (form.get('decision') !== 'allow' || !person) {
    world.record(endpoint, 'denied');
    return null;
  }
  const ticked = form.getAll('scope');
  const most = world.knobs.grantOnly;
  const scopes = asked.filter((scope) => ticked.includes(scope) && (most?.includes(scope) ?? true));
  const { families } = world.grants;
  const family: Family = { number: families.length + 1, person, scopes, alive: true };
  families.push(family);
  world.record(endpoint, 'consented', { family: family.number, note: person.key });
  return family;
}

function sendBack(
  world: World,
  request: PendingRequest,
  members: Readonly<Record<string, string>>,
): DemoAnswer {
  const target = new URL(request.redirectUri);
  for (const [name, value] of Object.entries(members)) target.searchParams.set(name, value);
  if (request.state !== null) target.searchParams.set('state', request.state);
  if (world.knobs.responseIss) target.searchParams.set('iss', world.issuer);
  return redirect(target.href);
}

/** Any port and path on the loopback, over http (RFC 8252 §7.3). */
function isLoopback(uri: string): boolean {
  if (!URL.canParse(uri)) return false;
  const { protocol, hostname, hash, username, password } = new URL(uri);
  return protocol === 'http:' && isLoopbackHost(hostname) && `${hash}${username}${password}` === '';
}
