import type { ProviderEntry } from './settings.js';

export const strava: ProviderEntry = {
  title: 'Strava',
  authorizationEndpoint: 'https://www.strava.com/oauth/authorize',
  tokenEndpoint: 'https://www.strava.com/api/v3/oauth/token',
  revocationEndpoint: 'https://www.strava.com/oauth/deauthorize',
  clientAuth: 'post',
  pkce: false,
  client: {
    idPattern: '\\d+',
    idExample: '00000',
    anyLoopback: true,
    registrationUrl: 'https://www.strava.com/settings/api',
    registrationSteps: [
      'Open https://www.strava.com/settings/api; Strava wants a subscription for it, and each account has one app.',
      'As "Authorization Callback Domain" enter localhost. There is no redirect URI to register.',
      'Copy the client ID and the client secret.',
    ],
  },
  redirectHost: 'localhost',
  scopes: ['read'],
  scopeSeparator: ',',
  // The user can untick scopes; only the callback says which were granted.
  scopesFrom: 'callback',
  expiresAtMember: 'expires_at',
  identity: {
    from: 'token_response',
    subject: ['athlete.id'],
    email: [],
    name: ['athlete.username', 'athlete.firstname'],
  },
  revocation: { style: 'rfc7009', parameter: 'access_token', token: 'access_token' },
  revocationFacts: { alreadyGone: ['401 http_401'] },
  // https://github.com/dreeveapp/dreeve/issues/1449.
  errors: {
    loginNeeded: ['refresh_token_invalid', 'code_invalid'],
    configuration: ['client_id_invalid', 'client_secret_invalid'],
    policy: [],
    transient: [],
  },
  manageUrl: 'https://www.strava.com/settings/apps',
  notes: [
    'A refresh may replace the refresh token; the newest one is stored.',
    'A new app works for your own account only, until Strava raises its limit.',
    'Not confirmed in the documentation: what Strava answers to a refresh token that has ended (from reports of users) and to a revoked one (401).',
    'Scopes: read, read_all, profile:read_all, profile:write, activity:read, activity:read_all, activity:write.',
  ],
  documented: {
    source: 'https://developers.strava.com/docs/authentication',
    read: '2026-11',
    tried: false,
    topics: ['sport'],
    accessToken: '6 hours',
    refreshToken: 'no end',
    rotates: 'unknown',
  },
};
