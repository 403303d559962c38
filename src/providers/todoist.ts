import { FIXED_PORT } from './fixed-port.js';
import type { ProviderEntry } from './settings.js';

export const todoist: ProviderEntry = {
  title: 'Todoist',
  authorizationEndpoint: 'https://app.todoist.com/oauth/authorize',
  tokenEndpoint: 'https://api.todoist.com/oauth/access_token',
  revocationEndpoint: 'https://api.todoist.com/api/v1/revoke',
  userinfoEndpoint: 'https://api.todoist.com/api/v1/user',
  client: {
    authWithSecret: 'post',
    registrationUrl: 'https://app.todoist.com/app/settings/integrations/app-management',
    registrationSteps: [
      'Open https://app.todoist.com/app/settings/integrations/app-management and press "Create a new app".',
      'Enter the OAuth redirect URL exactly as shown here, and save.',
      'Copy the client ID, and the client secret if there is one.',
    ],
  },
  redirectHost: 'localhost',
  redirectPort: FIXED_PORT,
  scopes: ['data:read'],
  scopeSeparator: ',',
  identity: { from: 'userinfo', subject: ['id'], email: ['email'], name: ['full_name'] },
  revocation: { style: 'rfc7009', clientAuth: 'basic-raw', token: 'access_token' },
  errors: {
    loginNeeded: ['bad_authorization_code'],
    configuration: ['incorrect_application_credentials'],
    policy: ['invalid_application_status'],
    transient: [],
  },
  notes: [
    'New apps get refresh tokens, which each refresh replaces; tokens of older apps do not end.',
    'Scopes: data:read, data:read_write, data:delete, task:add, project:delete.',
    'The revocation is documented for clients with a secret; that one without may revoke is a guess.',
    'Not confirmed in the documentation: the address of the user (/api/v1/user) and its members.',
  ],
  documented: {
    source: 'https://developer.todoist.com/api/v1/#tag/Authorization/OAuth',
    read: '2026-11',
    tried: false,
    topics: ['tasks'],
    accessToken: 'as the answer says; older apps: no end',
    refreshToken: 'until it is used; older apps: none',
    rotates: 'yes',
  },
};
