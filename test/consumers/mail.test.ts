import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { ConnectRequest } from '../../src/consumers/contract.js';
import { type MailClient, mailClient } from '../../src/consumers/mail.js';

const GOOGLE = { imap: { host: 'imap.gmail.com', port: 993 }, smtp: { host: 'smtp.gmail.com', port: 465 } };
const MICROSOFT = {
  imap: { host: 'outlook.office365.com', port: 993 },
  smtp: { host: 'smtp.office365.com', port: 587 },
};

const request = (more: Partial<ConnectRequest> = {}): ConnectRequest => ({
  account: 'google',
  provider: { provider: 'google', issuer: '', tokenEndpoint: '', grantedScopes: [] },
  mailbox: 'ada@example.com',
  mail: GOOGLE,
  target: null,
  idToken: false,
  self: ['vault'],
  env: {},
  platform: 'linux',
  home: '/home/ada',
  folder: '/home/ada/vault',
  exists: () => false,
  ...more,
});

function blocksOf(client: MailClient, more: Partial<ConnectRequest> = {}): string[] {
  const { changes } = mailClient(client).connect(request(more));
  return changes.map((change) => ('lines' in change ? change.lines.join('\n').trim() : ''));
}

describe('docs/mail.md', () => {
  const page = readFileSync(new URL('../../docs/mail.md', import.meta.url), 'utf8');
  const blocks = [...page.matchAll(/^```\w*\n(.*?)\n```$/gms)].map(([, text]) => text);

  it.each<MailClient>([
    ...(['neomutt', 'mutt', 'msmtp', 'mbsync', 'getmail', 'offlineimap', 'aerc', 'himalaya'] as const),
    ...(['meli', 'git-send-email'] as const),
  ])('shows what vault connect prints for %s', (client) => {
    for (const block of blocksOf(client)) expect(blocks.map((each) => each?.trim())).toContain(block);
  });
});

describe('a mail client', () => {
  it('begins TLS with a command where the server wants that', () => {
    expect(blocksOf('msmtp', { mail: MICROSOFT })[0]).toContain('port 587\ntls on\ntls_starttls on\n');
    expect(blocksOf('aerc', { mail: MICROSOFT })[0]).toContain(
      'outgoing = smtp+xoauth2://ada%40example.com@smtp.office365.com:587\nsmtp-starttls = true\n',
    );
    const mutt = blocksOf('mutt', { mail: MICROSOFT })[0];
    expect(mutt).toContain('set smtp_url = "smtp://ada%40example.com@smtp.office365.com:587/"\n');
    expect(mutt).toContain('\nset ssl_force_tls = yes');
  });

  it('changes the file that is there', () => {
    const { changes } = mailClient('neomutt').connect(
      request({ exists: (path) => path === '/home/ada/.neomuttrc' }),
    );
    expect(changes[0]).toMatchObject({ file: '/home/ada/.neomuttrc' });
  });

  it.each<[string, Partial<ConnectRequest>]>([
    ['an account with a quote in its name', { account: 'google/it"s' }],
    ['an account with a space in its name', { account: 'google/a b' }],
    ['a path with a space', { self: ['/home/ada b/vault'] }],
    ['a mailbox with a line break', { mailbox: 'ada@example.com\nset x = "`id`"' }],
    ['a mailbox with a quote', { mailbox: '"ada"@example.com' }],
    ['no mailbox', { mailbox: null }],
    ['no server', { mail: null }],
    ['a URL for a server', { target: 'https://mail.example.com' }],
    ['a port where two servers are called', { target: 'mail.example.com:993' }],
  ])('is not connected with %s', (_, more) => {
    expect(() => mailClient('neomutt').connect(request(more))).toThrowError(
      expect.objectContaining({ code: 'usage', hint: expect.any(String) }),
    );
  });
});
