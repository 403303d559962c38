import type { DemoAnswer } from './contract.js';
import { SCOPES } from './grants.js';
import { json, text } from './http.js';
import type { World } from './world.js';

const AUTH_METHODS = {
  none: 'none',
  post: 'client_secret_post',
  basic: 'client_secret_basic',
  'basic-raw': 'client_secret_basic',
} as const;

/** One document for both well-known URLs (OpenID Connect Discovery 1.0 §4, RFC 8414 §3). */
export function metadata(world: World): DemoAnswer {
  if (world.plain) return text(404, 'this server publishes no metadata');
  const method = AUTH_METHODS[world.clientAuth];
  return json(200, {
    issuer: world.issuer,
    authorization_endpoint: world.endpoints.authorize,
    token_endpoint: world.endpoints.token,
    device_authorization_endpoint: world.endpoints.deviceAuthorization,
    userinfo_endpoint: world.endpoints.userinfo,
    revocation_endpoint: world.endpoints.revoke,
    jwks_uri: world.endpoints.jwks,
    scopes_supported: Object.keys(SCOPES),
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    grant_types_supported: [
      'authorization_code',
      'refresh_token',
      'urn:ietf:params:oauth:grant-type:device_code',
    ],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['ES256'],
    token_endpoint_auth_methods_supported: [method],
    revocation_endpoint_auth_methods_supported: [method],
    code_challenge_methods_supported: ['S256'],
    authorization_response_iss_parameter_supported: world.knobs.responseIss,
  });
}
