import type { ProviderEntry } from './settings.js';

export const spotify: ProviderEntry = {
  title: 'Spotify',
  authorizationEndpoint: 'https://accounts.spotify.com/authorize',
  tokenEndpoint: 'https://accounts.spotify.com/api/token',
  userinfoEndpoint: 'https://api.spotify.com/v1/me',
  client: {
    authWithSecret: 'basic-raw',
    registrationUrl: 'https://developer.spotify.com/dashboard',
    registrationSteps: [
      'Open https://developer.spotify.com/dashboard and press "Create app".',
      'Add the redirect URI shown here, without a port: then Spotify accepts any port. It refuses the name localhost.',
      'Choose "Web API" and save.',
      'Copy the client ID. A secret is not needed.',
    ],
  },
  scopes: ['user-read-private', 'user-read-email'],
  identity: { from: 'userinfo', subject: ['id'], email: ['email'], name: ['display_name', 'id'] },
  grantLimits: [
    {
      days: 180,
      from: 'consent',
      until: null,
      reason: 'Spotify ends it 6 months after the login, whether it is used or not',
    },
  ],
  deadEnds: [
    {
      shows: '"INVALID_CLIENT: Insecure redirect URI" or "Invalid redirect URI"',
      means: 'the app lists another redirect URI; it has to be one with 127.0.0.1',
    },
  ],
  manageUrl: 'https://www.spotify.com/account/apps/',
  notes: [
    'Without a secret each refresh ends the refresh token before it; with one the refresh token stays.',
    'An app in development mode works only for users that its owner has added.',
  ],
  documented: {
    source: 'https://developer.spotify.com/documentation/web-api/tutorials/code-pkce-flow',
    read: '2026-11',
    tried: false,
    topics: ['music'],
    accessToken: '1 hour',
    refreshToken: '6 months after the login',
    rotates: 'yes',
  },
};
