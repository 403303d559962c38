import { FIXED_PORT } from './fixed-port.js';
import type { ProviderEntry } from './settings.js';

export const zoho: ProviderEntry = {
  title: 'Zoho',
  authorizationEndpoint: 'https://accounts.zoho.com/oauth/v2/auth',
  tokenEndpoint: 'https://accounts.zoho.com/oauth/v2/token',
  revocationEndpoint: 'https://accounts.zoho.com/oauth/v2/token/revoke',
  userinfoEndpoint: 'https://accounts.zoho.com/oauth/user/info',
  // https://www.zoho.com/accounts/protocol/oauth/multi-dc/client-authorization.html.
  regions: {
    parameter: 'accounts-server',
    origins: [
      'https://accounts.zoho.com',
      'https://accounts.zoho.eu',
      'https://accounts.zoho.in',
      'https://accounts.zoho.com.au',
      'https://accounts.zoho.jp',
      'https://accounts.zoho.com.cn',
      'https://accounts.zohocloud.ca',
    ],
  },
  clientAuth: 'post',
  pkce: false,
  client: {
    registrationUrl: 'https://api-console.zoho.com/',
    registrationSteps: [
      'Open https://api-console.zoho.com/ and add a client of type "Server-based Applications".',
      'Enter the redirect URI exactly as shown here.',
      'For users of another data centre open "Settings" of the client and enable Multi DC there.',
      'Copy the client ID and the client secret.',
    ],
  },
  redirectHost: 'localhost',
  redirectPort: FIXED_PORT,
  scopes: ['AaaServer.profile.READ'],
  requiredScopes: ['AaaServer.profile.READ'],
  scopeSeparator: ',',
  authorizeParams: { access_type: 'offline' },
  reconsentParams: { prompt: 'consent' },
  identity: {
    from: 'userinfo',
    subject: ['ZUID'],
    email: ['Email'],
    name: ['Display_Name'],
    details: { api_domain: 'token_response.api_domain' },
  },
  notes: [
    'Zoho has several data centres, and the login finds that of the user. The API of each has its own address, which vault show prints as api_domain.',
    'With Multi DC a client may have another secret in each data centre; then use the one of the user.',
    'Products want the header "Authorization: Zoho-oauthtoken TOKEN" instead of Bearer.',
    'At most 20 refresh tokens for each user (the oldest ends), and 10 refreshes in 10 minutes.',
    'The documentation shows the token of a revocation in the query; it is sent in the body here.',
  ],
  documented: {
    source: 'https://www.zoho.com/accounts/protocol/oauth/web-apps/access-token-expiry.html',
    read: '2026-11',
    tried: false,
    topics: ['mail', 'office', 'crm'],
    accessToken: '1 hour',
    refreshToken: 'no end',
    rotates: 'no',
  },
};
