import { FIXED_PORT } from './fixed-port.js';
import type { ProviderEntry } from './settings.js';

export const bitbucket: ProviderEntry = {
  title: 'Bitbucket Cloud',
  authorizationEndpoint: 'https://bitbucket.org/site/oauth2/authorize',
  tokenEndpoint: 'https://bitbucket.org/site/oauth2/access_token',
  userinfoEndpoint: 'https://api.bitbucket.org/2.0/user',
  clientAuth: 'basic-raw',
  pkce: false,
  client: {
    registrationUrl: 'https://bitbucket.org/account/workspaces/',
    registrationSteps: [
      'Open https://bitbucket.org, the settings of a workspace, "OAuth consumers" under "Apps and features", and press "Add consumer".',
      'Enter the callback URL exactly as shown here.',
      'Tick the permissions that tokens will have; "Account: Read" is needed to identify you.',
      'Save, open the consumer, and copy its key (the client ID) and its secret.',
    ],
  },
  redirectHost: 'localhost',
  redirectPort: FIXED_PORT,
  identity: {
    from: 'userinfo',
    subject: ['account_id|uuid'],
    email: [],
    name: ['nickname', 'username', 'display_name'],
  },
  notes: [
    'There are no scopes in a login: the permissions ticked on the consumer apply.',
    'This is not the OAuth of Jira and Confluence, which is the provider atlassian.',
    'Not confirmed in the documentation: http://localhost as callback URL. If it is refused, set redirectUri to an https address.',
  ],
  documented: {
    source: 'https://developer.atlassian.com/cloud/bitbucket/oauth-2/',
    read: '2026-11',
    tried: false,
    topics: ['git', 'code'],
    accessToken: '2 hours',
    refreshToken: 'not documented',
    rotates: 'no',
  },
};
