import { FIXED_PORT } from './fixed-port.js';
import type { ProviderEntry } from './settings.js';

export const discord: ProviderEntry = {
  title: 'Discord',
  // Its metadata announces `iss` in the callback (RFC 9207), which is then required.
  issuer: 'https://discord.com',
  userinfoEndpoint: 'https://discord.com/api/users/@me',
  client: {
    authWithSecret: 'basic',
    registrationUrl: 'https://discord.com/developers/applications',
    registrationSteps: [
      'Open https://discord.com/developers/applications and press "New Application".',
      'Under "OAuth2" switch on "Public Client": then no secret is needed.',
      'Add the redirect exactly as shown here, and save.',
      'Copy the client ID.',
    ],
  },
  redirectHost: 'localhost',
  redirectPort: FIXED_PORT,
  scopes: ['identify', 'email'],
  requiredScopes: ['identify'],
  identity: { from: 'userinfo', subject: ['id'], email: ['email'], name: ['username'] },
  deadEnds: [
    { shows: '"Invalid OAuth2 redirect_uri"', means: 'the application does not list the redirect exactly' },
  ],
  notes: [
    'Not confirmed in the documentation: a refresh replaces the refresh token. vault stores the newest one either way.',
    'In Discord, "User Settings", "Authorized Apps" lists the application and removes it.',
  ],
  documented: {
    source: 'https://discord.com/developers/docs/topics/oauth2',
    read: '2026-11',
    tried: false,
    topics: ['chat', 'games'],
    accessToken: '7 days',
    refreshToken: 'not documented',
    rotates: 'yes',
  },
};
