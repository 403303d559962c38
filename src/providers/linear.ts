import { FIXED_PORT } from './fixed-port.js';
import type { ProviderEntry } from './settings.js';

export const linear: ProviderEntry = {
  title: 'Linear',
  authorizationEndpoint: 'https://linear.app/oauth/authorize',
  tokenEndpoint: 'https://api.linear.app/oauth/token',
  revocationEndpoint: 'https://api.linear.app/oauth/revoke',
  userinfoEndpoint: 'https://api.linear.app/graphql',
  client: {
    authWithSecret: 'post',
    registrationUrl: 'https://linear.app/settings/api/applications/new',
    registrationSteps: [
      'Open https://linear.app/settings/api/applications/new; only an administrator of the workspace can.',
      'Add the callback URL exactly as shown here.',
      'Save, and copy the client ID. A secret is not needed.',
    ],
  },
  redirectHost: 'localhost',
  redirectPort: FIXED_PORT,
  scopes: ['read'],
  requiredScopes: ['read'],
  scopeSeparator: ',',
  identity: {
    from: 'userinfo',
    body: '{"query":"{ viewer { id name email organization { id urlKey } } }"}',
    subject: ['data.viewer.organization.id', 'data.viewer.id'],
    email: ['data.viewer.email'],
    name: ['data.viewer.name'],
    details: { workspace: 'data.viewer.organization.urlKey' },
  },
  revocation: 'bearer',
  // "Unable to revoke token (e.g. token was already revoked)".
  revocationFacts: { alreadyGone: ['400 http_400'] },
  notes: [
    'A token is for the one workspace that is chosen in the login; log in once for each.',
    'Apps made before October 2025 may have tokens that live for 10 years, without refresh tokens.',
  ],
  documented: {
    source: 'https://linear.app/developers/oauth-2-0-authentication',
    read: '2026-11',
    tried: false,
    topics: ['tasks', 'issues'],
    accessToken: '24 hours',
    refreshToken: 'until it is used',
    rotates: 'yes',
  },
};
