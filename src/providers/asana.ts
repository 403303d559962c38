import { FIXED_PORT } from './fixed-port.js';
import type { ProviderEntry } from './settings.js';

export const asana: ProviderEntry = {
  title: 'Asana',
  authorizationEndpoint: 'https://app.asana.com/-/oauth_authorize',
  tokenEndpoint: 'https://app.asana.com/-/oauth_token',
  revocationEndpoint: 'https://app.asana.com/-/oauth_revoke',
  clientAuth: 'post',
  client: {
    registrationUrl: 'https://app.asana.com/0/my-apps',
    registrationSteps: [
      'Open https://app.asana.com/0/my-apps and press "Create new app".',
      'Under "OAuth" add the redirect URL exactly as shown here, and choose the permission scopes, or full permissions for the scope default.',
      'Under "Manage distribution" add your workspace.',
      'Copy the client ID and the client secret.',
    ],
  },
  redirectHost: 'localhost',
  redirectPort: FIXED_PORT,
  scopes: ['default'],
  identity: {
    from: 'token_response',
    subject: ['data.gid|data.id'],
    email: ['data.email'],
    name: ['data.name'],
  },
  notes: [
    'The scope default is for apps with full permissions; other apps request scopes such as tasks:read.',
    'Not confirmed in the documentation: the refresh token stays the same.',
  ],
  documented: {
    source: 'https://developers.asana.com/docs/oauth',
    read: '2026-11',
    tried: false,
    topics: ['tasks'],
    accessToken: '1 hour',
    refreshToken: 'no end',
    rotates: 'no',
  },
};
