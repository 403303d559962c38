import { FIXED_PORT } from './fixed-port.js';
import type { ProviderEntry } from './settings.js';

export const atlassian: ProviderEntry = {
  title: 'Atlassian',
  authorizationEndpoint: 'https://auth.atlassian.com/authorize',
  tokenEndpoint: 'https://auth.atlassian.com/oauth/token',
  userinfoEndpoint: 'https://api.atlassian.com/me',
  clientAuth: 'post',
  tokenBody: 'json',
  client: {
    registrationUrl: 'https://developer.atlassian.com/console/myapps/',
    registrationSteps: [
      'Open https://developer.atlassian.com/console/myapps/ and press "Create", "OAuth 2.0 integration".',
      'Under "Permissions" add "User identity API" and the APIs of Jira or Confluence, and configure their scopes.',
      'Under "Authorization" press "Add" beside "OAuth 2.0 (3LO)" and enter the callback URL exactly as shown here.',
      'Copy the client ID and the secret from "Settings".',
    ],
  },
  redirectHost: 'localhost',
  redirectPort: FIXED_PORT,
  scopes: ['read:me', 'offline_access'],
  requiredScopes: ['read:me', 'offline_access'],
  scopesNotEchoed: ['offline_access'],
  authorizeParams: { audience: 'api.atlassian.com', prompt: 'consent' },
  reconsentParams: {},
  identity: { from: 'userinfo', subject: ['account_id'], email: ['email'], name: ['name'] },
  grantLimits: [
    { days: 90, from: 'use', until: null, reason: 'Atlassian ends it after 90 days without a refresh' },
  ],
  manageUrl: 'https://id.atlassian.com/manage-profile/apps',
  notes: [
    'Requests go to https://api.atlassian.com/ex/jira/CLOUDID or …/ex/confluence/CLOUDID, not to the address of the site; https://api.atlassian.com/oauth/token/accessible-resources lists the sites with their ids.',
    'A refresh ends the refresh token before it.',
    'An app has one callback URL.',
    'For Bitbucket use the provider bitbucket.',
  ],
  documented: {
    source: 'https://developer.atlassian.com/cloud/jira/platform/oauth-2-3lo-apps/',
    read: '2026-11',
    tried: false,
    topics: ['jira', 'confluence', 'tasks', 'issues'],
    accessToken: '1 hour',
    refreshToken: '90 days without use',
    rotates: 'yes',
  },
};
