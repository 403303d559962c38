import { FIXED_PORT } from './fixed-port.js';
import type { ProviderEntry } from './settings.js';

export const box: ProviderEntry = {
  title: 'Box',
  authorizationEndpoint: 'https://account.box.com/api/oauth2/authorize',
  tokenEndpoint: 'https://api.box.com/oauth2/token',
  revocationEndpoint: 'https://api.box.com/oauth2/revoke',
  userinfoEndpoint: 'https://api.box.com/2.0/users/me',
  clientAuth: 'post',
  pkce: false,
  client: {
    registrationUrl: 'https://app.box.com/developers/console',
    registrationSteps: [
      'Open https://app.box.com/developers/console and create a custom app with "User Authentication (OAuth 2.0)".',
      'Under "Configuration" add the redirect URI exactly as shown here.',
      'Tick the application scopes you need, and save.',
      'Copy the client ID and the client secret.',
    ],
  },
  redirectHost: 'localhost',
  redirectPort: FIXED_PORT,
  identity: { from: 'userinfo', subject: ['id'], email: ['login'], name: ['name'] },
  grantLimits: [
    { days: 60, from: 'use', until: null, reason: 'Box ends it after 60 days without a refresh' },
  ],
  notes: [
    'A refresh token works once: each refresh ends the one before it.',
    'The code of a login lives for 30 seconds, so paste the address of the last page at once.',
    'Without scopes in a login those of the app apply.',
  ],
  documented: {
    source: 'https://developer.box.com/guides/authentication/tokens/refresh',
    read: '2026-11',
    tried: false,
    topics: ['files', 'storage'],
    accessToken: '1 hour',
    refreshToken: '60 days, for one use',
    rotates: 'yes',
  },
};
