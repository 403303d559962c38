import type { ProviderEntry } from './settings.js';

export const github: ProviderEntry = {
  title: 'GitHub',
  authorizationEndpoint: 'https://github.com/login/oauth/authorize',
  tokenEndpoint: 'https://github.com/login/oauth/access_token',
  revocationEndpoint: 'https://api.github.com/applications/{client_id}/token',
  deviceAuthorizationEndpoint: 'https://github.com/login/device/code',
  userinfoEndpoint: 'https://api.github.com/user',
  // GitHub wants the secret of the browser flow even with PKCE, and none in a device login.
  clientAuth: 'post',
  client: {
    registrationUrl: 'https://github.com/settings/developers',
    registrationSteps: [
      'Open https://github.com/settings/developers, "OAuth Apps", and press "New OAuth App".',
      'As "Authorization callback URL" enter the redirect URI shown here, without a port: GitHub accepts any port for 127.0.0.1.',
      'For logins with --device tick "Enable Device Flow".',
      'Copy the client ID, press "Generate a new client secret", and copy the secret at once.',
    ],
  },
  scopes: ['read:user'],
  identity: { from: 'userinfo', subject: ['id'], email: ['email'], name: ['login'] },
  revocation: {
    style: 'json',
    method: 'DELETE',
    parameter: 'access_token',
    clientAuth: 'basic-raw',
    token: 'access_token',
  },
  revocationFacts: { elsewhere: true, alreadyGone: ['404 http_404'] },
  errors: {
    loginNeeded: ['bad_refresh_token', 'bad_verification_code'],
    configuration: ['incorrect_client_credentials', 'device_flow_disabled', 'incorrect_device_code'],
    policy: ['unverified_user_email'],
    transient: [],
  },
  device: {
    clientAuth: 'none',
    scopes: null,
    client: '"Enable Device Flow" ticked in the settings of the app',
    ownClient: false,
  },
  deadEnds: [
    {
      shows: '"The redirect_uri is not associated with this application"',
      means: 'the callback URL of the app is another one; only its port may differ',
    },
  ],
  manageUrl: 'https://github.com/settings/applications',
  notes: [
    'Tokens of an OAuth app do not end, and there is no refresh token, unless expiry is switched on for the app; those of a GitHub App end after 8 hours, and their refresh tokens after 6 months.',
    'GitHub deletes a token that is not used for a year.',
    'An organisation can forbid the app until an owner approves it.',
  ],
  documented: {
    source: 'https://docs.github.com/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps',
    read: '2026-11',
    tried: false,
    topics: ['git', 'code'],
    accessToken: 'no end; 8 hours where expiry is on',
    refreshToken: 'none; 6 months where expiry is on',
    rotates: 'yes',
  },
};
