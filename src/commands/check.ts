import { accountName } from '../domain/account.js';
import { VaultError } from '../domain/errors.js';
import { checkMailbox, MAIL_PROTOCOLS } from '../domain/mailbox.js';
import { checkMail, type MailCheck, type MailCheckRequest } from '../services/mail-check/check-mail.js';
import type { NamedServer } from '../services/mail-check/mail-server.js';
import type { Io } from '../ui/io.js';
import { progressOn } from '../ui/progress.js';
import type { Command } from './spec.js';
import { given, names, text } from './spec.js';

export const check: Command<MailCheckRequest> = {
  arguments: [
    {
      name: 'protocol',
      description: 'how the mail client connects',
      required: true,
      values: MAIL_PROTOCOLS,
    },
    { name: 'account', description: 'account name, provider, or unique prefix', values: 'account' },
  ],
  options: [
    {
      flags: '--server <host[:port]>',
      description: 'the mail server',
      defaultText: "the provider's",
    },
    { flags: '--starttls', description: 'begin TLS with a command, as on the ports 143, 587 and 110' },
    { flags: '--user <mailbox>', description: 'the mailbox', defaultText: "the account's own" },
  ],
  examples: {
    'check imap google': 'whether Gmail accepts the token, and why not',
    'check smtp work --server mail.example.com:587': 'a server of your own',
    'check imap microsoft --user office@example.com': 'a shared mailbox',
  },

  parse(raw) {
    const [word, selector = null] = names(raw, 'the name of the account');
    const protocol = MAIL_PROTOCOLS.find((each) => each === word);
    if (protocol === undefined)
      throw new VaultError('usage', `a mailbox is checked over one of: ${MAIL_PROTOCOLS.join(', ')}`);
    const server = text(raw, '--server');
    const user = text(raw, '--user');
    return {
      protocol,
      selector,
      server: server === null ? null : namedServer(server),
      startTls: given(raw, '--starttls'),
      user: user === null ? null : checkMailbox(user),
    };
  },

  async run(ctx, request, io) {
    printCheck(await checkMail(ctx, request, progressOn(io).note), request, io);
  },
};

/** Reads `mail.example.com`, `mail.example.com:993`, `192.0.2.1:993` and `[2001:db8::1]:993`. @throws VaultError `usage` */
function namedServer(written: string): NamedServer {
  const [, inBrackets, plain, digits] =
    /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+))(?::(\d{1,5}))?$/.exec(written) ?? [];
  const host = inBrackets ?? plain;
  const port = digits === undefined ? null : Number(digits);
  if (host === undefined || port === 0 || (port ?? 0) > 65_535)
    throw new VaultError('usage', '--server takes a host and a port, such as mail.example.com:993');
  return { host, port };
}

function printCheck(check: MailCheck, { protocol }: MailCheckRequest, io: Io): void {
  const { account, server, user, mechanism, tlsVersion, refreshed, warning } = check;
  if (warning !== null) io.warn(`warning: ${warning}`, 'yellow');
  if (io.json) {
    io.document({
      account: accountName(account),
      protocol,
      server: `${server.host}:${server.port}`,
      starttls: server.startTls,
      tls_version: tlsVersion,
      mechanism,
      user,
      refreshed,
    });
    return;
  }
  const how = [mechanism, tlsVersion, ...(refreshed ? ['with a new token'] : [])].join(', ');
  io.data(
    `good: ${server.host}:${server.port} accepts ${accountName(account)} for the mailbox ${user} (${how})\n`,
  );
}
