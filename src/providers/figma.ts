import { FIXED_PORT } from './fixed-port.js';
import type { ProviderEntry } from './settings.js';

export const figma: ProviderEntry = {
  title: 'Figma',
  authorizationEndpoint: 'https://www.figma.com/oauth',
  tokenEndpoint: 'https://api.figma.com/v1/oauth/token',
  refreshEndpoint: 'https://api.figma.com/v1/oauth/refresh',
  userinfoEndpoint: 'https://api.figma.com/v1/me',
  clientAuth: 'basic-raw',
  client: {
    registrationUrl: 'https://www.figma.com/developers/apps',
    registrationSteps: [
      'Open https://www.figma.com/developers/apps and press "Create a new app".',
      'Add the redirect URL exactly as shown here.',
      'Under "OAuth scopes" tick current_user:read and those you will ask for.',
      'Copy the client ID and the client secret.',
    ],
  },
  redirectHost: 'localhost',
  redirectPort: FIXED_PORT,
  scopes: ['current_user:read'],
  requiredScopes: ['current_user:read'],
  scopeSeparator: ',',
  identity: { from: 'userinfo', subject: ['id'], email: ['email'], name: ['handle'] },
  // Figma's errors have no code of OAuth.
  errors: { loginNeeded: ['http_400'], configuration: [], policy: [], transient: [] },
  notes: [
    'Refresh tokens are sent to an address of their own, and stay the same.',
    'Not confirmed in the documentation: that a token lives for 90 days. The answer says how long.',
    'Not confirmed in the documentation: that Figma answers status 400 without a code to a refresh token that has ended.',
    'In Figma, "Settings", "Security", "Connected apps" lists the app and removes it.',
  ],
  documented: {
    source: 'https://developers.figma.com/docs/rest-api/authentication/',
    read: '2026-11',
    tried: false,
    topics: ['design'],
    accessToken: '90 days',
    refreshToken: 'not documented',
    rotates: 'no',
  },
};
