import type { Provider } from './contract.js';

const MAIL = 'https://mail.google.com/';

/** Letters and digits in front for project number and client, then Google's own domain. */
const CLIENT_ID = '[0-9A-Za-z._-]+\\.apps\\.googleusercontent\\.com';

/**
 * Google, with a client of type "Desktop app".
 * Source: https://developers.google.com/identity/protocols/oauth2/native-app and Google's discovery document.
 */
export const google: Provider = {
  name: 'google',
  title: 'Google',
  issuer: 'https://accounts.google.com',
  issuerTemplate: false,
  endpoints: {
    authorization: 'https://accounts.google.com/o/oauth2/v2/auth',
    token: 'https://oauth2.googleapis.com/token',
    revocation: 'https://oauth2.googleapis.com/revoke',
    deviceAuthorization: 'https://oauth2.googleapis.com/device/code',
    userinfo: 'https://openidconnect.googleapis.com/v1/userinfo',
  },
  pkce: true,
  clientAuth: 'post',
  tokenBody: 'form',
  headers: {},
  client: {
    idVariables: ['GOOGLE_CLIENT_ID'],
    secretVariables: ['GOOGLE_CLIENT_SECRET'],
    // Google calls the secret of a desktop client "not treated as a secret", and yet refuses a request without it.
    secret: 'required',
    idPattern: CLIENT_ID,
    idExample: '000000000000-example.apps.googleusercontent.com',
    registrationUrl: 'https://console.cloud.google.com/auth/clients',
    anyLoopback: true,
    registrationSteps: [
      'Open https://console.cloud.google.com/auth/clients and choose or create a project.',
      'If it says so, press "Get started": app name, support e-mail, audience "External" ("Internal" within a Workspace organisation), contact e-mail.',
      'Enable the API of each scope you will ask for (Gmail API, Google Calendar API, …) at https://console.cloud.google.com/apis/library.',
      'Under "Audience" press "Publish app". While it stays in "Testing", add yourself under "Test users", and expect to log in again every 7 days.',
      'Under "Clients" press "Create client", application type "Desktop app". There is no redirect URI to register.',
      'Copy the client ID and, at once, the client secret: Google shows the secret only this one time.',
    ],
  },
  redirect: { host: '127.0.0.1', port: 0, path: '/callback/google' },
  scopes: ['openid', 'email', 'profile'],
  requiredScopes: ['openid', 'email'],
  scopeSeparator: ' ',
  scopeAliases: {
    email: 'https://www.googleapis.com/auth/userinfo.email',
    profile: 'https://www.googleapis.com/auth/userinfo.profile',
  },
  scopesNotEchoed: [],
  authorizeParams: { access_type: 'offline' },
  reconsentParams: { prompt: 'consent' },
  refreshParams: {},
  resend: 'once',
  identity: {
    from: 'id_token',
    request: null,
    subject: ['sub'],
    email: ['email'],
    name: ['name'],
    details: { hosted_domain: 'hd' },
  },
  revocation: {
    style: 'rfc7009',
    alreadyGone: ['400 invalid_token'],
    caution:
      'Google revokes every grant you gave to the whole Cloud project, for all of its clients and scopes',
  },
  errors: {
    loginNeeded: ['invalid_rapt'],
    configuration: ['deleted_client', 'disabled_client', 'redirect_uri_mismatch', 'disallowed_useragent'],
    policy: ['admin_policy_enforced', 'org_internal'],
    transient: [],
  },
  grantLimits: [
    {
      days: 7,
      from: 'consent',
      until: 14,
      reason:
        'a consent screen in Google\'s "Testing" state ends it after 7 days; press "Publish app" under "Audience"',
    },
    { days: 180, from: 'use', until: null, reason: 'Google ends it after 6 months without use' },
  ],
  // https://developers.google.com/identity/protocols/oauth2/limited-input-device, "Allowed scopes" and step 1.
  device: {
    clientAuth: 'none',
    scopes: [
      'openid',
      'email',
      'profile',
      'https://www.googleapis.com/auth/userinfo.email',
      'https://www.googleapis.com/auth/userinfo.profile',
      'https://www.googleapis.com/auth/drive.appdata',
      'https://www.googleapis.com/auth/drive.file',
      'https://www.googleapis.com/auth/youtube',
      'https://www.googleapis.com/auth/youtube.readonly',
    ],
    client: 'a client of type "TVs and Limited Input devices"',
    ownClient: true,
  },
  deadEnds: [
    {
      shows: '"Access blocked" with "has not completed the Google verification process"',
      means: 'add yourself under "Test users" on the page "Audience", or press "Publish app" there',
    },
    {
      shows: '"Google hasn\'t verified this app"',
      means: 'press "Advanced" and continue: it is your own client',
    },
    {
      shows: '"redirect_uri_mismatch"',
      means: 'the client is not of the type "Desktop app", which needs no redirect URI registered',
    },
    { shows: '"admin_policy_enforced"', means: 'an administrator has to allow the client first' },
  ],
  // https://developers.google.com/workspace/gmail/imap/imap-smtp and /xoauth2-protocol.
  mail: {
    imap: { host: 'imap.gmail.com', port: 993, scopes: [MAIL] },
    smtp: { host: 'smtp.gmail.com', port: 465, scopes: [MAIL] },
    pop: { host: 'pop.gmail.com', port: 995, scopes: [MAIL] },
  },
  manageUrl: 'https://myaccount.google.com/connections',
  notes: [
    'A consent screen in "Testing" ends every refresh token after 7 days, unless only openid, email and profile are requested.',
    'A refresh token also ends after 6 months without use, when the password changes (with Gmail scopes), and when the same account logs in to the same client more than 100 times.',
    'The consent page lets you untick scopes; what was not granted is shown after the login.',
    'Google deletes a client that is not used for 6 months.',
    'A device login needs another client, of type "TVs and Limited Input devices", and allows openid, email, profile, two Drive and two YouTube scopes only.',
  ],
  documented: {
    source: 'https://developers.google.com/identity/protocols/oauth2/native-app',
    read: '2026-11',
    tried: false,
    topics: ['mail', 'calendar', 'files'],
    accessToken: '1 hour',
    refreshToken: '6 months without use',
    rotates: 'no',
  },
};
