import { describe, expect, it } from 'vitest';
import { catalogue } from '../../../src/providers/index.js';
import { mailServer, type NamedServer } from '../../../src/services/mail-check/mail-server.js';
import { accountExample } from '../../doubles/account.js';

const ctx = (env: Record<string, string> = {}) => ({
  providerOrNull: async (name: string) => catalogue.builtIn(name, env),
});
const OFFICE = 'https://outlook.office.com';
const granted = [
  'https://mail.google.com/',
  `${OFFICE}/IMAP.AccessAsUser.All`,
  `${OFFICE}/SMTP.Send`,
  `${OFFICE}/POP.AccessAsUser.All`,
];

describe('the mail server of an account', () => {
  it.each([
    ['google', 'imap', {}, 'imap.gmail.com', 993, false],
    ['google', 'smtp', {}, 'smtp.gmail.com', 465, false],
    ['google', 'pop', {}, 'pop.gmail.com', 995, false],
    ['microsoft', 'imap', {}, 'outlook.office365.com', 993, false],
    ['microsoft', 'smtp', {}, 'smtp.office365.com', 587, true],
    ['microsoft', 'smtp', { MICROSOFT_TENANT_ID: 'consumers' }, 'smtp-mail.outlook.com', 587, true],
  ] as const)(
    'of %s for %s is the known one, with %o',
    async (provider, protocol, env, host, port, startTls) => {
      const account = accountExample({ provider, grantedScopes: granted });
      expect(await mailServer(ctx(env), account, protocol, null, false)).toEqual({ host, port, startTls });
    },
  );

  it.each<['imap' | 'smtp', NamedServer, boolean, number, boolean]>([
    ['imap', { host: 'm', port: null }, false, 993, false],
    ['imap', { host: 'm', port: null }, true, 143, true],
    ['imap', { host: 'm', port: 143 }, false, 143, true],
    ['imap', { host: 'm', port: 10_993 }, false, 10_993, false],
    ['smtp', { host: 'm', port: null }, false, 465, false],
    ['smtp', { host: 'm', port: 587 }, false, 587, true],
    ['smtp', { host: 'm', port: 2_525 }, true, 2_525, true],
  ])(
    'for %s named as %o, with --starttls %s, has port %i',
    async (protocol, named, asked, port, startTls) => {
      const server = await mailServer(ctx(), accountExample(), protocol, named, asked);
      expect(server).toEqual({ host: 'm', port, startTls });
    },
  );

  it('is not asked without one of the scopes that it needs', async () => {
    const account = accountExample({
      provider: 'microsoft',
      label: 'work',
      grantedScopes: granted.slice(0, 2),
    });
    expect(await mailServer(ctx(), account, 'imap', null, false)).toMatchObject({ port: 993 });
    await expect(mailServer(ctx(), account, 'smtp', null, false)).rejects.toMatchObject({
      code: 'scope_missing',
      message: `microsoft/work was not granted ${OFFICE}/SMTP.Send, which smtp.office365.com needs`,
      hint: `vault login microsoft/work --add-scope ${OFFICE}/SMTP.Send`,
    });
  });

  it.each(['notion', 'youtube', 'removed'])('of %s has to be named', async (provider) => {
    const account = accountExample({ provider });
    await expect(mailServer(ctx(), account, 'imap', null, false)).rejects.toMatchObject({ code: 'usage' });
  });
});
