import { FIXED_PORT } from './fixed-port.js';
import type { ProviderEntry } from './settings.js';

/** Reddit limits programs with a common user agent; it wants one that names the client. */
const headers = { 'user-agent': 'cli:{client_id}:v1 (token-vault)' };

export const reddit: ProviderEntry = {
  title: 'Reddit',
  authorizationEndpoint: 'https://www.reddit.com/api/v1/authorize',
  tokenEndpoint: 'https://www.reddit.com/api/v1/access_token',
  revocationEndpoint: 'https://www.reddit.com/api/v1/revoke_token',
  userinfoEndpoint: 'https://oauth.reddit.com/api/v1/me',
  clientAuth: 'basic-id',
  pkce: false,
  headers,
  client: {
    secret: 'optional',
    authWithSecret: 'basic-raw',
    registrationUrl: 'https://www.reddit.com/prefs/apps',
    registrationSteps: [
      'Open https://www.reddit.com/prefs/apps and press "create another app".',
      'Choose "installed app", which has no secret.',
      'Enter the redirect uri exactly as shown here.',
      'Copy the client ID, which is below the name of the app.',
    ],
  },
  redirectPort: FIXED_PORT,
  scopes: ['identity'],
  requiredScopes: ['identity'],
  // Otherwise there is no refresh token.
  authorizeParams: { duration: 'permanent' },
  refreshParams: { redirect_uri: '{redirect_uri}' },
  identity: { from: 'userinfo', headers, subject: ['id'], email: [], name: ['name'] },
  manageUrl: 'https://www.reddit.com/prefs/apps',
  notes: [
    'Requests to the API go to https://oauth.reddit.com and need a User-Agent of your own; with a common one Reddit answers 429.',
    'Not confirmed in the documentation: the refresh token stays the same, and there is no PKCE.',
  ],
  documented: {
    source: 'https://github.com/reddit-archive/reddit/wiki/OAuth2',
    read: '2026-11',
    tried: false,
    topics: ['social'],
    accessToken: '1 hour',
    refreshToken: 'no end',
    rotates: 'no',
  },
};
