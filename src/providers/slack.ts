import { FIXED_PORT } from './fixed-port.js';
import type { ProviderEntry } from './settings.js';

/** The token of a user, not that of a bot: bot scopes cannot be requested with a redirect to this machine. */
export const slack: ProviderEntry = {
  title: 'Slack',
  authorizationEndpoint: 'https://slack.com/oauth/v2/authorize',
  tokenEndpoint: 'https://slack.com/api/oauth.v2.access',
  revocationEndpoint: 'https://slack.com/api/auth.revoke',
  client: {
    authWithSecret: 'basic-raw',
    registrationUrl: 'https://api.slack.com/apps',
    registrationSteps: [
      'Open https://api.slack.com/apps and press "Create New App", "From scratch".',
      'Under "OAuth & Permissions" enable PKCE: then no secret is needed. Slack does not let you switch it off again.',
      'Add the redirect URL exactly as shown here.',
      'Under "User Token Scopes" add the scopes you will ask for.',
      'Copy the client ID from "Basic Information".',
    ],
  },
  redirectHost: 'localhost',
  redirectPort: FIXED_PORT,
  scopes: ['users:read'],
  scopeParameter: 'user_scope',
  scopeSeparator: ',',
  identity: {
    from: 'token_response',
    subject: ['team.id', 'authed_user.id'],
    email: [],
    // One person may be in several workspaces, so the workspace makes the label.
    name: ['team.name'],
    details: { team_id: 'team.id', team_name: 'team.name', user_id: 'authed_user.id' },
  },
  revocation: 'bearer',
  revocationFacts: { alreadyGone: ['200 token_revoked', '200 invalid_auth'] },
  errors: {
    loginNeeded: ['invalid_auth', 'account_inactive'],
    configuration: ['no_scopes', 'no_user_scopes', 'invalid_grant_type', 'bad_client_secret'],
    policy: [],
    transient: [],
  },
  grantLimits: [
    { days: 30, from: 'use', until: null, reason: 'Slack ends it after 30 days for an app with PKCE' },
  ],
  deadEnds: [
    {
      shows: '"bad_redirect_uri" or "redirect_uri did not match"',
      means: 'the app does not list the redirect URL exactly, or PKCE is not enabled for it',
    },
  ],
  notes: [
    'Scopes are those of a user token; bot scopes cannot be requested with a redirect to this machine.',
    'Without token rotation switched on for the app a token does not end, and there is no refresh token.',
    'Rotation cannot be switched off again; with it each refresh ends the refresh token before it.',
    'Slack answers errors with status 200 and "ok": false.',
  ],
  documented: {
    source: 'https://docs.slack.dev/authentication/using-pkce',
    read: '2026-11',
    tried: false,
    topics: ['chat'],
    accessToken: '12 hours with rotation, else no end',
    refreshToken: '30 days for an app with PKCE',
    rotates: 'yes',
  },
};
