import type { ProviderEntry } from './settings.js';

export const yahoo: ProviderEntry = {
  title: 'Yahoo',
  issuer: 'https://api.login.yahoo.com',
  authorizationEndpoint: 'https://api.login.yahoo.com/oauth2/request_auth',
  tokenEndpoint: 'https://api.login.yahoo.com/oauth2/get_token',
  revocationEndpoint: 'https://api.login.yahoo.com/oauth2/revoke',
  userinfoEndpoint: 'https://api.login.yahoo.com/openid/v1/userinfo',
  clientAuth: 'basic-raw',
  pkce: false,
  httpsRedirect: true,
  client: {
    registrationUrl: 'https://developer.yahoo.com/apps/',
    registrationSteps: [
      'Open https://developer.yahoo.com/apps/ and press "Create an App".',
      'As redirect URI enter an https address of your own: Yahoo accepts no http, and not localhost. The page need not exist.',
      'Under "API Permissions" tick the OpenID Connect permissions Email and Profile.',
      'For mail (mail-r, mail-w) send the application form at https://senders.yahooinc.com/developer/documentation; Yahoo reviews it.',
      'Copy the client ID and the client secret.',
    ],
  },
  scopes: ['openid', 'email', 'profile'],
  requiredScopes: ['openid'],
  identity: { from: 'id_token', email: ['email'], name: ['nickname', 'name'] },
  // https://senders.yahooinc.com/developer/documentation.
  mail: {
    imap: { host: 'imap.mail.yahoo.com', port: 993, scopes: ['mail-r'] },
    smtp: { host: 'smtp.mail.yahoo.com', port: 465, scopes: ['mail-w'] },
    pop: { host: 'pop.mail.yahoo.com', port: 995, scopes: ['mail-r'] },
  },
  notes: [
    'After the login the browser ends at your https address: copy it from the address bar and paste it.',
    'A change of the password ends every refresh token.',
    'AOL needs a client of its own.',
  ],
  documented: {
    source: 'https://developer.yahoo.com/oauth2/guide/flows_authcode/',
    read: '2026-11',
    tried: false,
    topics: ['mail'],
    accessToken: '1 hour',
    refreshToken: 'until the password changes',
    rotates: 'unknown',
  },
};
