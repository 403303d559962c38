import { FIXED_PORT } from './fixed-port.js';
import type { ProviderEntry } from './settings.js';

export const linkedin: ProviderEntry = {
  title: 'LinkedIn',
  issuer: 'https://www.linkedin.com/oauth',
  authorizationEndpoint: 'https://www.linkedin.com/oauth/v2/authorization',
  tokenEndpoint: 'https://www.linkedin.com/oauth/v2/accessToken',
  userinfoEndpoint: 'https://api.linkedin.com/v2/userinfo',
  clientAuth: 'post',
  pkce: false,
  // https://github.com/authlib/authlib/issues/763.
  nonce: false,
  client: {
    registrationUrl: 'https://www.linkedin.com/developers/apps',
    registrationSteps: [
      'Open https://www.linkedin.com/developers/apps and press "Create app"; it needs a LinkedIn page.',
      'Under "Products" request "Sign In with LinkedIn using OpenID Connect".',
      'Under "Auth" add the authorized redirect URL exactly as shown here.',
      'Copy the client ID and the primary client secret.',
    ],
  },
  redirectHost: 'localhost',
  redirectPort: FIXED_PORT,
  scopes: ['openid', 'profile', 'email'],
  identity: { from: 'id_token', email: ['email'], name: ['name'] },
  grantLimits: [
    {
      days: 365,
      from: 'consent',
      until: null,
      reason: 'LinkedIn ends it a year after the login, whether it is used or not',
    },
  ],
  manageUrl: 'https://www.linkedin.com/psettings/permitted-services',
  notes: [
    'Only approved partners get refresh tokens; for others the login ends after 60 days.',
    'The product "Share on LinkedIn" adds the scope w_member_social.',
    'LinkedIn puts no nonce into the id_token, as users report, so none is sent.',
    'Not confirmed in the documentation: that http://localhost is accepted as redirect URL. If it is refused, set redirectUri to an https address.',
  ],
  documented: {
    source: 'https://learn.microsoft.com/linkedin/shared/authentication/authorization-code-flow',
    read: '2026-11',
    tried: false,
    topics: ['social'],
    accessToken: '60 days',
    refreshToken: '1 year after the login, for partners',
    rotates: 'no',
  },
};
