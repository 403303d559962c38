import type { ProviderEntry } from './settings.js';

const MAIL = 'urn:ietf:params:oauth:scope:mail';
const protocol = (name: string) => [`https://www.fastmail.com/dev/protocol-${name}`];

export const fastmail: ProviderEntry = {
  title: 'Fastmail',
  // Its metadata announces `iss` in the callback (RFC 9207), which is then required.
  issuer: 'https://api.fastmail.com',
  userinfoEndpoint: 'https://api.fastmail.com/jmap/session',
  clientAuth: 'none',
  client: {
    registrationUrl: 'https://www.fastmail.com/developer/oauth/',
    registrationSteps: [
      'Clients are registered by Fastmail: write to them as https://www.fastmail.com/developer/oauth/ says.',
      'Ask for a client with the redirect URI shown here.',
      'Copy the client ID that you are sent. There is no secret.',
    ],
  },
  redirectHost: 'localhost',
  scopes: [MAIL, 'offline_access'],
  scopesNotEchoed: ['offline_access'],
  reconsentParams: {},
  // A replaced refresh token that is sent again ends the grant.
  resend: 'never',
  // The session resource of JMAP (RFC 8620 §2).
  identity: { from: 'userinfo', subject: ['username'], email: ['username'], name: ['username'] },
  mail: {
    imap: { host: 'imap.fastmail.com', port: 993, scopes: protocol('imap') },
    smtp: { host: 'smtp.fastmail.com', port: 465, scopes: protocol('smtp') },
    pop: { host: 'pop.fastmail.com', port: 995, scopes: protocol('pop') },
  },
  notes: [
    'A refresh replaces the refresh token, and sending an old one again ends the grant: use each login in one place only.',
    'Scopes: urn:ietf:params:oauth:scope:mail, …:contacts, …:calendars; for IMAP, POP and SMTP https://www.fastmail.com/dev/protocol-imap, -pop, -smtp.',
    'Not confirmed in the documentation: any port for http://localhost/. If it is refused, set redirectPort.',
    'Not confirmed in the documentation: the names and ports of the mail servers.',
  ],
  documented: {
    source: 'https://www.fastmail.com/developer/oauth/',
    read: '2026-11',
    tried: false,
    topics: ['mail', 'calendar', 'contacts'],
    accessToken: 'as the answer says',
    refreshToken: 'not documented',
    rotates: 'yes',
  },
};
