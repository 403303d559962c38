import { FIXED_PORT } from './fixed-port.js';
import type { ProviderEntry } from './settings.js';

export const twitch: ProviderEntry = {
  title: 'Twitch',
  authorizationEndpoint: 'https://id.twitch.tv/oauth2/authorize',
  tokenEndpoint: 'https://id.twitch.tv/oauth2/token',
  revocationEndpoint: 'https://id.twitch.tv/oauth2/revoke',
  deviceAuthorizationEndpoint: 'https://id.twitch.tv/oauth2/device',
  userinfoEndpoint: 'https://api.twitch.tv/helix/users',
  pkce: false,
  client: {
    authWithSecret: 'post',
    registrationUrl: 'https://dev.twitch.tv/console/apps',
    registrationSteps: [
      'Open https://dev.twitch.tv/console/apps and press "Register Your Application".',
      'Add the OAuth redirect URL exactly as shown here.',
      'Client type "Confidential" for logins in the browser; "Public", which has no secret, works with --device only.',
      'Press "Manage" and copy the client ID; for a confidential client press "New Secret" and copy the secret.',
    ],
  },
  redirectHost: 'localhost',
  redirectPort: FIXED_PORT,
  scopes: ['user:read:email'],
  identity: {
    from: 'userinfo',
    headers: { 'client-id': '{client_id}' },
    subject: ['data.0.id'],
    email: ['data.0.email'],
    name: ['data.0.login'],
  },
  revocation: { style: 'rfc7009', clientAuth: 'none', token: 'access_token' },
  device: {
    clientAuth: 'none',
    scopeParameter: 'scopes',
    scopes: null,
    client: 'a client of type "Public"',
    ownClient: false,
  },
  // There is no code; the words of the status may take its place. https://github.com/twitchdev/issues/issues/1037.
  errors: {
    loginNeeded: ['Bad Request', 'Unauthorized', 'http_400', 'http_401'],
    configuration: ['Forbidden', 'http_403'],
    policy: [],
    transient: [],
  },
  grantLimits: [
    {
      days: 30,
      from: 'use',
      until: null,
      reason: 'Twitch ends that of a public client after 30 days without use',
    },
  ],
  manageUrl: 'https://www.twitch.tv/settings/connections',
  notes: [
    'Requests to the API need the header Client-Id with the client ID, beside the token.',
    'The refresh token of a public client works once and ends after 30 days.',
    'Twitch wants programs to check a token every hour at https://id.twitch.tv/oauth2/validate.',
    'Not confirmed in the documentation: what Twitch answers to a refresh token that has ended (from reports of users) and to a wrong secret.',
    'Not confirmed in the documentation: the name of the parameter for scopes in a device login (scopes).',
  ],
  documented: {
    source: 'https://dev.twitch.tv/docs/authentication/getting-tokens-oauth/',
    read: '2026-11',
    tried: false,
    topics: ['video', 'games'],
    accessToken: 'about 4 hours',
    refreshToken: '30 days for a public client',
    rotates: 'unknown',
  },
};
