import { createHash } from 'node:crypto';
import type { DemoAnswer } from './contract.js';
import { pollDevice } from './device.js';
import { digest, type Family } from './grants.js';
import { form, json, oauthError, readParameters, refuseClient } from './http.js';
import { personClaims } from './id-token.js';
import { type Incoming, mint, type World } from './world.js';

type Parameters = ReadonlyMap<string, string>;

/** The token endpoint: authorization code (RFC 6749 §4.1.3), refresh (§6) and device code (RFC 8628 §3.4). */
export function token(world: World, incoming: Incoming): DemoAnswer {
  const parameters = readParameters(incoming, [world.tokenBody]);
  if (!parameters)
    return oauthError(400, 'invalid_request', `the body must be ${world.tokenBody}, each name once`);
  const refusal = refuseClient(world, incoming, parameters);
  if (refusal) return refusal;
  switch (parameters.get('grant_type')) {
    case 'authorization_code':
      return redeemCode(world, parameters);
    case 'refresh_token':
      return refresh(world, parameters);
    case 'urn:ietf:params:oauth:grant-type:device_code':
      return redeemDevice(world, parameters);
    default:
      return oauthError(400, 'unsupported_grant_type', 'unknown grant type');
  }
}

function redeemCode(world: World, parameters: Parameters): DemoAnswer {
  const name = digest(parameters.get('code') ?? '');
  const record = world.grants.codes.get(name);
  if (!record || record.endsAt < world.now()) return oauthError(400, 'invalid_grant', 'unknown or old code');
  const { family, request } = record;
  if (record.redeemed) {
    // A reused code may be stolen, so the tokens of its first use end too (RFC 6749 §4.1.2).
    world.record('token', 'code_replayed', { token: name, family: family.number });
    kill(world, family);
    return oauthError(400, 'invalid_grant', 'this code was used before');
  }
  if (parameters.get('redirect_uri') !== request.redirectUri) {
    return oauthError(400, 'invalid_grant', 'redirect_uri differs from the one of the authorization request');
  }
  const verifier = parameters.get('code_verifier');
  if (verifier !== undefined) world.secrets.push(verifier);
  const proof = verifier === undefined ? null : createHash('sha256').update(verifier).digest('base64url');
  if (proof !== request.challenge) return oauthError(400, 'invalid_grant', 'code_verifier does not match');
  record.redeemed = true;
  world.record('token', 'code_redeemed', { token: name, family: family.number });
  return grant(world, family, request.nonce, world.knobs.refreshTokens !== 'none');
}

function redeemDevice(world: World, parameters: Parameters): DemoAnswer {
  const found = pollDevice(world, parameters.get('device_code') ?? '');
  if (!('number' in found)) return found;
  return grant(world, found, null, world.knobs.refreshTokens !== 'none');
}

function refresh(world: World, parameters: Parameters): DemoAnswer {
  const { grants, knobs } = world;
  const name = digest(parameters.get('refresh_token') ?? '');
  const record = grants.refresh.get(name);
  if (record) grants.refreshUses.set(name, (grants.refreshUses.get(name) ?? 0) + 1);
  if (!record?.family.alive) return oauthError(400, 'invalid_grant', 'this refresh token is not valid');
  const { family } = record;
  const narrowed = parameters.get('scope')?.split(' ').filter(Boolean) ?? [];
  if (!narrowed.every((scope) => family.scopes.includes(scope))) {
    return oauthError(400, 'invalid_scope', 'more than was granted');
  }
  const about = { token: name, family: family.number };
  if (record.rotatedAt !== null) {
    if (world.now() - record.rotatedAt >= knobs.reuseGrace * 1_000) {
      world.record('token', 'reuse_detected', about);
      kill(world, family);
      return oauthError(400, 'invalid_grant', 'this refresh token was used before; the grant has ended');
    }
    world.record('token', 'reuse_forgiven', about);
    return grant(world, family, null, true);
  }
  if (knobs.refreshTokens !== 'rotate') {
    world.record('token', 'kept', about);
    return grant(world, family, null, false);
  }
  record.rotatedAt = world.now();
  world.record('token', 'rotated', about);
  return grant(world, family, null, true);
}

function kill(world: World, family: Family): void {
  family.alive = false;
  world.record('token', 'family_killed', { family: family.number });
}

function grant(world: World, family: Family, nonce: string | null, withRefreshToken: boolean): DemoAnswer {
  const { grants, knobs } = world;
  const accessToken = mint(world, 'access');
  const endsAt = world.now() + knobs.accessTokenLifetime * 1_000;
  grants.access.set(digest(accessToken), { family, endsAt });
  const members: Record<string, unknown> = {
    access_token: accessToken,
    token_type: 'Bearer',
    expires_in: knobs.accessTokenLifetime,
    scope: family.scopes.join(' '),
  };
  if (withRefreshToken) {
    const refreshToken = mint(world, 'refresh');
    grants.refresh.set(digest(refreshToken), { family, rotatedAt: null });
    members['refresh_token'] = refreshToken;
  }
  if (!world.plain && family.scopes.includes('openid')) members['id_token'] = idToken(world, family, nonce);
  Object.assign(members, knobs.answerMembers);
  for (const name of knobs.omitMembers) delete members[name];
  return knobs.tokenAnswer === 'form' ? form(200, members) : json(200, members);
}

function idToken(world: World, family: Family, nonce: string | null): string {
  const seconds = Math.floor(world.now() / 1_000);
  const signed = world.signer.sign({
    iss: world.issuer,
    aud: world.client.id,
    iat: seconds,
    exp: seconds + world.knobs.idTokenLifetime,
    ...(nonce === null ? {} : { nonce }),
    ...personClaims(family.person, family.scopes),
  });
  world.secrets.push(signed);
  return signed;
}
