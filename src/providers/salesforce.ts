import { FIXED_PORT } from './fixed-port.js';
import type { ProviderEntry } from './settings.js';

export const salesforce: ProviderEntry = {
  title: 'Salesforce',
  base: { variable: 'SALESFORCE_OAUTH_URL', url: 'https://login.salesforce.com' },
  authorizationEndpoint: '{base}/services/oauth2/authorize',
  tokenEndpoint: '{base}/services/oauth2/token',
  revocationEndpoint: '{base}/services/oauth2/revoke',
  userinfoEndpoint: '{base}/services/oauth2/userinfo',
  client: {
    authWithSecret: 'post',
    registrationUrl: '{base}/lightning/setup/ManageExternalClientApplication/home',
    registrationSteps: [
      'In Salesforce open Setup, "External Client App Manager", and press "New External Client App".',
      'Enable OAuth, and enter the callback URL exactly as shown here.',
      'Select the scopes api, id and refresh_token, and those you will ask for. PKCE stays on.',
      'Untick "Require secret for Web Server Flow" and "… for Refresh Token Flow": then no secret is needed.',
      'Copy the consumer key: it is the client ID.',
    ],
  },
  redirectHost: 'localhost',
  redirectPort: FIXED_PORT,
  scopes: ['api', 'id', 'refresh_token'],
  requiredScopes: ['id', 'refresh_token'],
  identity: {
    from: 'userinfo',
    subject: ['organization_id', 'user_id'],
    email: ['email'],
    name: ['preferred_username', 'name'],
    details: { instance_url: 'token_response.instance_url', organization: 'organization_id' },
  },
  notes: [
    'Salesforce does not report how long a token lives: it is the session timeout of the organisation. Set tokenLifetime in config.json (seconds), and vault refreshes in time; otherwise it refreshes when a token is refused.',
    'Requests go to the instance_url of the account, which vault show prints.',
    'For a sandbox set SALESFORCE_OAUTH_URL to https://test.salesforce.com, for My Domain to its address.',
    'New Connected Apps cannot be made since Spring 2026; External Client Apps replace them.',
  ],
  documented: {
    source:
      'https://help.salesforce.com/s/articleView?id=xcloud.configure_external_client_app_oauth_settings.htm',
    read: '2026-11',
    tried: false,
    topics: ['crm'],
    accessToken: 'session timeout of the organisation',
    refreshToken: 'as the policy of the app says',
    rotates: 'unknown',
  },
};
