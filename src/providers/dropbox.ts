import { FIXED_PORT } from './fixed-port.js';
import type { ProviderEntry } from './settings.js';

export const dropbox: ProviderEntry = {
  title: 'Dropbox',
  authorizationEndpoint: 'https://www.dropbox.com/oauth2/authorize',
  tokenEndpoint: 'https://api.dropboxapi.com/oauth2/token',
  revocationEndpoint: 'https://api.dropboxapi.com/2/auth/token/revoke',
  userinfoEndpoint: 'https://api.dropboxapi.com/2/users/get_current_account',
  client: {
    authWithSecret: 'post',
    registrationUrl: 'https://www.dropbox.com/developers/apps',
    registrationSteps: [
      'Open https://www.dropbox.com/developers/apps and press "Create app".',
      'Add the redirect URI exactly as shown here.',
      'Under "Permissions" tick account_info.read and the scopes you will ask for, and press "Submit".',
      'Copy the app key: it is the client ID. A secret is not needed.',
    ],
  },
  redirectPort: FIXED_PORT,
  scopes: ['account_info.read'],
  requiredScopes: ['account_info.read'],
  // Otherwise there is no refresh token.
  authorizeParams: { token_access_type: 'offline' },
  identity: {
    from: 'userinfo',
    // Dropbox takes a POST; the endpoint has no arguments, which is written as null.
    body: 'null',
    subject: ['account_id'],
    email: ['email'],
    name: ['name.display_name'],
  },
  revocation: 'bearer',
  revocationFacts: { caution: 'Dropbox ends the whole authorization of the app, for all its tokens' },
  manageUrl: 'https://www.dropbox.com/account/connected_apps',
  notes: [
    'An app in development status is limited in how many users it may have.',
    'A scope that was ticked after a login is in the tokens only after the next login.',
  ],
  documented: {
    source: 'https://developers.dropbox.com/oauth-guide',
    read: '2026-11',
    tried: false,
    topics: ['files', 'storage'],
    accessToken: '4 hours',
    refreshToken: 'no end',
    rotates: 'no',
  },
};
