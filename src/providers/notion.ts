import type { Provider } from './contract.js';
import { FIXED_PORT as PORT } from './fixed-port.js';

const PATH = '/callback/notion';

/**
 * Notion's REST API with a connection that users install by OAuth.
 * Source: https://developers.notion.com/guides/get-started/authorization and /reference/create-a-token.
 */
export const notion: Provider = {
  name: 'notion',
  title: 'Notion',
  issuer: 'https://api.notion.com',
  issuerTemplate: false,
  endpoints: {
    authorization: 'https://api.notion.com/v1/oauth/authorize',
    token: 'https://api.notion.com/v1/oauth/token',
    revocation: 'https://api.notion.com/v1/oauth/revoke',
    deviceAuthorization: null,
    userinfo: null,
  },
  pkce: false,
  clientAuth: 'basic-raw',
  tokenBody: 'json',
  headers: { 'Notion-Version': '2025-09-03' },
  client: {
    idVariables: ['NOTION_CLIENT_ID'],
    secretVariables: ['NOTION_CLIENT_SECRET'],
    secret: 'required',
    idPattern: '[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}',
    idExample: '00000000-0000-0000-0000-000000000000',
    registrationUrl: 'https://www.notion.so/developers/connections',
    registrationSteps: [
      'Open https://www.notion.so/developers/connections (Developer portal, "Build", "Connections") and press "Create new connection".',
      'It has to be a connection that users install by OAuth (a public connection), not an internal one, which has no client secret.',
      'Choose a name, your workspace, and as installation scope "Or select 1 or more workspaces" for your own use. The scope cannot be changed later.',
      `Add the redirect URI http://localhost:${PORT}${PATH} exactly as shown here.`,
      'Choose the capabilities (read, update, insert content): Notion has these in place of scopes.',
      'Copy the OAuth client ID and the OAuth client secret from the "Configuration" tab.',
    ],
  },
  redirect: { host: 'localhost', port: PORT, path: PATH },
  scopes: [],
  requiredScopes: [],
  scopeSeparator: ' ',
  scopeAliases: {},
  scopesNotEchoed: [],
  authorizeParams: { owner: 'user' },
  reconsentParams: {},
  refreshParams: {},
  resend: 'once',
  identity: {
    from: 'token_response',
    request: null,
    subject: ['bot_id', 'workspace_id'],
    // The same user may connect several workspaces, so the workspace makes the label.
    email: [],
    name: ['workspace_name'],
    details: {
      workspace_id: 'workspace_id',
      workspace_name: 'workspace_name',
      owner_id: 'owner.user.id',
      owner_email: 'owner.user.person.email',
    },
  },
  revocation: { style: 'json', alreadyGone: [], caution: null },
  errors: {
    loginNeeded: [],
    configuration: ['missing_version', 'validation_error'],
    policy: ['restricted_resource', 'test_env_error'],
    transient: [
      'internal_server_error',
      'service_unavailable',
      'service_overload',
      'gateway_timeout',
      'rate_limited',
      'conflict_error',
    ],
  },
  grantLimits: [],
  device: null,
  deadEnds: [
    {
      shows: '"Missing or invalid redirect_uri"',
      means: `the connection does not list http://localhost:${PORT}${PATH} among its redirect URIs, character for character`,
    },
  ],
  mail: null,
  manageUrl: null,
  notes: [
    'Notion does not report how long a token lives: it is used until Notion refuses it. The option --refresh of the token command gets a new one.',
    'Each refresh ends the refresh token before it.',
    'There are no scopes: the capabilities of the connection and the pages you choose during the login apply.',
    `If Notion does not accept the http redirect URI, register an https one of yours, set OAUTH_REDIRECT_URI to it, and paste the address at which the browser ends.`,
    'In Notion, "Settings", "Connections" lists the connection and removes it.',
  ],
  documented: {
    source: 'https://developers.notion.com/guides/get-started/authorization',
    read: '2026-11',
    tried: false,
    topics: ['notes'],
    accessToken: 'not reported',
    refreshToken: 'not reported',
    rotates: 'yes',
  },
};
