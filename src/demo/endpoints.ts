import type { DemoEndpoint } from './contract.js';

export const METADATA_PATHS: readonly string[] = [
  '/.well-known/openid-configuration',
  '/.well-known/oauth-authorization-server',
];

export function endpointUrls(issuer: string): Record<DemoEndpoint, string> {
  return {
    metadata: `${issuer}${METADATA_PATHS[0]}`,
    jwks: `${issuer}/jwks`,
    authorize: `${issuer}/authorize`,
    consent: `${issuer}/consent`,
    deviceAuthorization: `${issuer}/device_authorization`,
    device: `${issuer}/device`,
    token: `${issuer}/token`,
    userinfo: `${issuer}/userinfo`,
    revoke: `${issuer}/revoke`,
  };
}
