import { FIXED_PORT } from './fixed-port.js';
import type { ProviderEntry } from './settings.js';

export const gitlab: ProviderEntry = {
  title: 'GitLab',
  base: { variable: 'GITLAB_OAUTH_URL', url: 'https://gitlab.com' },
  issuer: '{base}',
  authorizationEndpoint: '{base}/oauth/authorize',
  tokenEndpoint: '{base}/oauth/token',
  revocationEndpoint: '{base}/oauth/revoke',
  deviceAuthorizationEndpoint: '{base}/oauth/authorize_device',
  userinfoEndpoint: '{base}/oauth/userinfo',
  client: {
    authWithSecret: 'post',
    registrationUrl: '{base}/-/user_settings/applications',
    registrationSteps: [
      'Open {base}/-/user_settings/applications and press "Add new application".',
      'Enter the redirect URI exactly as shown here.',
      'Untick "Confidential": then no secret is needed.',
      'Tick the scopes openid, profile and email, and those you will ask for, such as read_api or write_repository.',
      'Copy the application ID.',
    ],
  },
  // GitLab's documentation wants the redirect URI of the login in a refresh, so it must not change.
  redirectPort: FIXED_PORT,
  refreshParams: { redirect_uri: '{redirect_uri}' },
  scopes: ['openid', 'profile', 'email'],
  identity: { from: 'id_token', email: ['email'], name: ['nickname', 'name'] },
  device: { scopes: null, client: 'GitLab 17.9 or later', ownClient: false },
  deadEnds: [
    {
      shows: '"The redirect URI included is not valid"',
      means: 'the application has another redirect URI; it has to match character for character',
    },
    {
      shows: '"The requested scope is invalid"',
      means: 'tick that scope in the settings of the application',
    },
  ],
  manageUrl: '{base}/-/user_settings/applications',
  notes: [
    'For a server of your own set GITLAB_OAUTH_URL to its address; beside gitlab.com, use an entry in config.json with "extends": "gitlab" and "baseUrl".',
    'A refresh ends the access token and the refresh token before it.',
  ],
  documented: {
    source: 'https://docs.gitlab.com/api/oauth2/',
    read: '2026-11',
    tried: false,
    topics: ['git', 'code'],
    accessToken: '2 hours',
    refreshToken: 'until it is used',
    rotates: 'yes',
  },
};
