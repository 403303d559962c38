import type { ProviderEntry } from './settings.js';

export const zoom: ProviderEntry = {
  title: 'Zoom',
  authorizationEndpoint: 'https://zoom.us/oauth/authorize',
  tokenEndpoint: 'https://zoom.us/oauth/token',
  revocationEndpoint: 'https://zoom.us/oauth/revoke',
  userinfoEndpoint: 'https://api.zoom.us/v2/users/me',
  client: {
    authWithSecret: 'basic-raw',
    registrationUrl: 'https://marketplace.zoom.us/develop/create',
    registrationSteps: [
      'Open https://marketplace.zoom.us/develop/create and create a general app, managed by the user.',
      'Under "Basic Information" add the redirect URI shown here, without a port: Zoom accepts any port for 127.0.0.1.',
      'Under "App Credentials" switch on "Use Public Client OAuth": then no secret is needed.',
      'Under "Scopes" add user:read:user, to identify you, and those you need.',
      'Copy the public client ID.',
    ],
  },
  identity: {
    from: 'userinfo',
    subject: ['id'],
    email: ['email'],
    name: ['display_name'],
    details: { account_id: 'account_id' },
  },
  grantLimits: [
    { days: 90, from: 'use', until: null, reason: 'Zoom ends it after about 90 days without a refresh' },
  ],
  notes: [
    'There are no scopes in a login: those of the app apply.',
    'A refresh ends the refresh token before it.',
    'Not confirmed in the documentation: a public client may revoke.',
  ],
  documented: {
    source: 'https://developers.zoom.us/docs/integrations/PKCE/',
    read: '2026-11',
    tried: false,
    topics: ['meetings', 'video'],
    accessToken: '1 hour',
    refreshToken: 'about 90 days, for one use',
    rotates: 'yes',
  },
};
