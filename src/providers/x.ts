import { FIXED_PORT } from './fixed-port.js';
import type { ProviderEntry } from './settings.js';

export const x: ProviderEntry = {
  title: 'X',
  authorizationEndpoint: 'https://x.com/i/oauth2/authorize',
  tokenEndpoint: 'https://api.x.com/2/oauth2/token',
  revocationEndpoint: 'https://api.x.com/2/oauth2/revoke',
  userinfoEndpoint: 'https://api.x.com/2/users/me',
  client: {
    authWithSecret: 'basic-raw',
    registrationUrl: 'https://developer.x.com/en/portal/dashboard',
    registrationSteps: [
      'Open https://developer.x.com/en/portal/dashboard, create an app, and set up "User authentication settings".',
      'Type of app: "Native App", which has no secret; a "Web App" has one.',
      'Enter the callback URI exactly as shown here.',
      'Copy the OAuth 2.0 client ID. It is not the API key.',
    ],
  },
  redirectPort: FIXED_PORT,
  scopes: ['users.read', 'tweet.read', 'offline.access'],
  requiredScopes: ['users.read', 'tweet.read'],
  identity: { from: 'userinfo', subject: ['data.id'], email: [], name: ['data.username'] },
  // X names a refresh token that has ended so.
  errors: { loginNeeded: ['invalid_request'], configuration: [], policy: [], transient: [] },
  manageUrl: 'https://x.com/settings/connected_apps',
  notes: [
    'Without the scope offline.access there is no refresh token, and the login ends after 2 hours.',
    'Not confirmed in the documentation: each refresh ends the refresh token before it. vault stores the newest one either way.',
    'Not confirmed in the documentation: X answers invalid_request for a refresh token that has ended.',
    'users.read and tweet.read are needed to identify the user.',
  ],
  documented: {
    source: 'https://docs.x.com/fundamentals/authentication/oauth-2-0/authorization-code',
    read: '2026-11',
    tried: false,
    topics: ['twitter', 'social'],
    accessToken: '2 hours',
    refreshToken: 'not documented',
    rotates: 'yes',
  },
};
