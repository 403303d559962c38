import { FIXED_PORT } from './fixed-port.js';
import type { ProviderEntry } from './settings.js';

export const hubspot: ProviderEntry = {
  title: 'HubSpot',
  authorizationEndpoint: 'https://app.hubspot.com/oauth/authorize',
  tokenEndpoint: 'https://api.hubapi.com/oauth/2026-03/token',
  revocationEndpoint: 'https://api.hubapi.com/oauth/2026-03/token/revoke',
  clientAuth: 'post',
  client: {
    registrationUrl: 'https://app.hubspot.com/developer',
    registrationSteps: [
      'Create an app for OAuth in a developer account, as https://developers.hubspot.com/docs/apps says.',
      'Add the redirect URL exactly as shown here.',
      'Add the scope oauth and those you will ask for: a login has to request all required scopes of the app.',
      'Copy the client ID and the client secret.',
    ],
  },
  redirectHost: 'localhost',
  redirectPort: FIXED_PORT,
  scopes: ['oauth'],
  requiredScopes: ['oauth'],
  identity: {
    from: 'token_response',
    subject: ['hub_id|hubId', 'user_id|userId'],
    email: [],
    name: ['hub_domain|hubDomain', 'hub_id|hubId'],
    details: { hub_id: 'hub_id|hubId' },
  },
  notes: [
    'A token is for the one HubSpot account that is chosen in the login.',
    'Optional scopes: "authorizeParams": {"optional_scope": "…"} in config.json.',
    'HubSpot ends the older endpoints (oauth/v1) on 16 February 2027; these are the newer ones.',
    'That the answer of a login has user_id beside hub_id is in the reference of the endpoint, but not in its examples; without it log in with "identity": {"from": "none"} in config.json and --as NAME.',
  ],
  documented: {
    source: 'https://developers.hubspot.com/docs/api-reference/latest/authentication/manage-oauth-tokens',
    read: '2026-11',
    tried: false,
    topics: ['crm'],
    accessToken: '30 minutes',
    refreshToken: 'no end',
    rotates: 'no',
  },
};
