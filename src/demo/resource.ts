import type { DemoAnswer } from './contract.js';
import { bearer, digest } from './grants.js';
import { json, oauthError, readParameters, refuseClient } from './http.js';
import { personClaims } from './id-token.js';
import type { Incoming, World } from './world.js';

/** The owner of an access token (OpenID Connect Core §5.3). */
export function userinfo(world: World, incoming: Incoming): DemoAnswer {
  const match = /^Bearer (\S+)$/.exec(incoming.headers['authorization'] ?? '');
  const family = bearer(world.grants, match?.[1] ?? '', world.now());
  if (!family) {
    return json(401, { error: 'invalid_token' }, { 'www-authenticate': 'Bearer error="invalid_token"' });
  }
  return json(200, personClaims(family.person, family.scopes));
}

/** Revocation (RFC 7009). Either kind of token ends the whole grant; an unknown token is success (§2.2). */
export function revoke(world: World, incoming: Incoming): DemoAnswer {
  const parameters = readParameters(incoming, ['form', world.tokenBody]);
  const token = parameters?.get('token');
  if (!parameters || !token) return oauthError(400, 'invalid_request', 'token is missing');
  const refusal = refuseClient(world, incoming, parameters);
  if (refusal) return refusal;
  const name = digest(token);
  const family = (world.grants.refresh.get(name) ?? world.grants.access.get(name))?.family;
  if (family?.alive) {
    family.alive = false;
    world.record('revoke', 'revoked', { token: name, family: family.number });
  } else {
    world.record('revoke', 'revoked_unknown', { token: name });
  }
  return { status: 200, headers: { 'cache-control': 'no-store' }, body: '' };
}
