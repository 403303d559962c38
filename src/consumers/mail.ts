import { join } from 'node:path';
import { VaultError } from '../domain/errors.js';
import { command } from '../domain/hints.js';
import { quoted } from '../domain/safe-text.js';
import type { Change, ConnectRequest, Consumer, Plan } from './contract.js';
import { configFile } from './git.js';

/*
 * Mail clients, which run `vault token` as their password command. Each is a function from one set of settings to the lines of
 * its configuration; docs/mail.md shows the same lines, and a test compares them.
 */

interface Server {
  readonly host: string;
  readonly port: number;
}

interface Settings {
  /** For names of sections and folders. */
  readonly name: string;
  readonly user: string;
  readonly imap: Server;
  readonly smtp: Server;
  /** The password command, without anything that a shell or a configuration would read as more than itself. */
  readonly words: readonly string[];
  readonly request: ConnectRequest;
}

interface Client {
  readonly programs: readonly string[];
  /** The servers that the client connects to. */
  readonly uses: readonly ('imap' | 'smtp')[];
  changes(settings: Settings): readonly Change[];
  notes?(settings: Settings): readonly string[];
}

/** TLS begins with a command on these ports. */
const START_TLS = [25, 143, 587];
const USUAL = { imap: 993, smtp: 465 };

const startsTls = ({ port }: Server) => START_TLS.includes(port);
const at = ({ host, port }: Server, usual: number) => (port === usual ? host : `${host}:${port}`);
const inUrl = (user: string) => encodeURIComponent(user);

/** The first of these that exists, else the first. */
function fileOf(
  { request: { home, env, exists } }: Settings,
  ...names: readonly [string, ...string[]]
): string {
  const config = env['XDG_CONFIG_HOME'] || join(home, '.config');
  const paths = names.map((name) => (name.startsWith('.') ? join(home, name) : join(config, name)));
  return paths.find(exists) ?? (paths[0] as string);
}

function lines(file: string, text: readonly string[], unless: RegExp): Change {
  return { kind: 'lines', file, comment: '#', lines: text, unless };
}

/** mutt and neomutt read the same settings. */
function muttrc({ user, imap, smtp, words }: Settings): string[] {
  const url = `${startsTls(smtp) ? 'smtp' : 'smtps'}://${inUrl(user)}@${at(smtp, startsTls(smtp) ? 25 : USUAL.smtp)}/`;
  const folder = `${startsTls(imap) ? 'imap' : 'imaps'}://${at(imap, startsTls(imap) ? 143 : USUAL.imap)}/`;
  return [
    `set from = "${user}"`,
    `set imap_user = "${user}"`,
    `set folder = "${folder}"`,
    'set spoolfile = "+INBOX"',
    'set imap_authenticators = "xoauth2:oauthbearer"',
    `set imap_oauth_refresh_command = "${words.join(' ')}"`,
    `set smtp_url = "${url}"`,
    'set smtp_authenticators = "xoauth2:oauthbearer"',
    `set smtp_oauth_refresh_command = "${words.join(' ')}"`,
    ...(startsTls(smtp) || startsTls(imap) ? ['set ssl_starttls = yes', 'set ssl_force_tls = yes'] : []),
  ];
}

const MUTT_HAS = /^[ \t]*set[ \t]+(?:imap_user|imap_oauth_refresh_command|smtp_url)\b/m;

const CLIENTS = {
  neomutt: {
    programs: ['neomutt'],
    uses: ['imap', 'smtp'],
    changes: (settings) => [
      lines(
        fileOf(settings, 'neomutt/neomuttrc', '.neomutt/neomuttrc', '.neomuttrc'),
        muttrc(settings),
        MUTT_HAS,
      ),
    ],
  },
  mutt: {
    programs: ['mutt'],
    uses: ['imap', 'smtp'],
    changes: (settings) => [
      lines(fileOf(settings, '.muttrc', '.mutt/muttrc', 'mutt/muttrc'), muttrc(settings), MUTT_HAS),
    ],
  },
  msmtp: {
    programs: ['msmtp'],
    uses: ['smtp'],
    changes: (settings) => {
      const { name, user, smtp, words } = settings;
      const text = [
        `account ${name}`,
        `host ${smtp.host}`,
        `port ${smtp.port}`,
        'tls on',
        `tls_starttls ${startsTls(smtp) ? 'on' : 'off'}`,
        'auth xoauth2',
        `user ${user}`,
        `from ${user}`,
        `passwordeval ${words.join(' ')}`,
      ];
      return [lines(fileOf(settings, '.msmtprc', 'msmtp/config'), text, sectionOf('account', name))];
    },
    notes: ({ name }) => [`to try it: echo Hello | msmtp -a ${name} ADDRESS`],
  },
  mbsync: {
    programs: ['mbsync'],
    uses: ['imap'],
    changes: (settings) => {
      const { name, user, imap, words } = settings;
      const text = [
        '',
        `IMAPAccount ${name}`,
        `Host ${imap.host}`,
        ...(imap.port === USUAL.imap ? [] : [`Port ${imap.port}`]),
        `User ${user}`,
        `PassCmd "${words.join(' ')}"`,
        'AuthMechs XOAUTH2',
        `SSLType ${startsTls(imap) ? 'STARTTLS' : 'IMAPS'}`,
        '',
        `IMAPStore ${name}-remote`,
        `Account ${name}`,
        '',
        `MaildirStore ${name}-local`,
        `Inbox ~/Mail/${name}/INBOX`,
        '',
        `Channel ${name}`,
        `Far :${name}-remote:`,
        `Near :${name}-local:`,
        '',
      ];
      return [lines(fileOf(settings, '.mbsyncrc', 'isyncrc'), text, sectionOf('IMAPAccount', name))];
    },
    notes: ({ name }) => [
      'XOAUTH2 needs a SASL plugin: apt install libsasl2-modules-kdexoauth2',
      `to try it: mkdir -p ~/Mail/${name} && mbsync ${name}`,
    ],
  },
  getmail: {
    programs: ['getmail'],
    uses: ['imap'],
    changes: (settings) => {
      const { name, user, imap, words } = settings;
      const text = [
        '[retriever]',
        'type = SimpleIMAPSSLRetriever',
        `server = ${imap.host}`,
        ...(imap.port === USUAL.imap ? [] : [`port = ${imap.port}`]),
        `username = ${user}`,
        'use_xoauth2 = true',
        `password_command = (${words.map((word) => JSON.stringify(word)).join(', ')})`,
        '',
        '[destination]',
        'type = Maildir',
        `path = ~/Mail/${name}/`,
      ];
      return [lines(fileOf(settings, `getmail/${name}`), text, /^\[retriever\]/m)];
    },
    notes: ({ name }) => [
      `it delivers to a folder that exists: mkdir -p ~/Mail/${name}/cur ~/Mail/${name}/new ~/Mail/${name}/tmp`,
      `to try it: getmail --rcfile ${name}`,
    ],
  },
  offlineimap: {
    programs: ['offlineimap'],
    uses: ['imap'],
    changes: ({ name, user, imap, words }) => [
      {
        kind: 'shown',
        where: '~/.offlineimap.py',
        lines: [
          'import subprocess',
          '',
          '',
          'def vault(account):',
          `    return subprocess.check_output([${words.slice(0, -1).map(literal).join(', ')}, account], text=True).strip()`,
        ],
      },
      {
        kind: 'shown',
        where: '~/.offlineimaprc; with debug output offlineimap prints tokens',
        lines: [
          '[general]',
          `accounts = ${name}`,
          'pythonfile = ~/.offlineimap.py',
          '',
          `[Account ${name}]`,
          `localrepository = ${name}-local`,
          `remoterepository = ${name}-remote`,
          '',
          `[Repository ${name}-local]`,
          'type = Maildir',
          `localfolders = ~/Mail/${name}`,
          '',
          `[Repository ${name}-remote]`,
          'type = IMAP',
          `remotehost = ${imap.host}`,
          ...(imap.port === USUAL.imap ? [] : [`remoteport = ${imap.port}`]),
          'sslcacertfile = /etc/ssl/certs/ca-certificates.crt',
          `remoteuser = ${user}`,
          'auth_mechanisms = XOAUTH2',
          `oauth2_access_token_eval = vault(${literal(words.at(-1) ?? '')})`,
        ],
      },
    ],
  },
  aerc: {
    programs: ['aerc'],
    uses: ['imap', 'smtp'],
    changes: (settings) => {
      const { name, user, imap, smtp, words } = settings;
      const text = [
        `[${name}]`,
        `source = ${startsTls(imap) ? 'imap' : 'imaps'}+xoauth2://${inUrl(user)}@${at(imap, USUAL.imap)}`,
        `source-cred-cmd = ${words.join(' ')}`,
        `outgoing = ${startsTls(smtp) ? 'smtp' : 'smtps'}+xoauth2://${inUrl(user)}@${at(smtp, USUAL.smtp)}`,
        ...(startsTls(smtp) ? ['smtp-starttls = true'] : []),
        `outgoing-cred-cmd = ${words.join(' ')}`,
        'outgoing-cred-cmd-cache = false',
        'default = INBOX',
        `from = ${user}`,
      ];
      return [
        lines(fileOf(settings, 'aerc/accounts.conf'), text, new RegExp(`^\\[${escaped(name)}\\]`, 'm')),
      ];
    },
  },
  himalaya: {
    programs: ['himalaya'],
    uses: ['imap'],
    changes: ({ user, words }) => [
      {
        kind: 'shown',
        where: "in himalaya's config.toml, below the account (version 2; smtp takes the same)",
        lines: [
          `imap.sasl.xoauth2.username = "${user}"`,
          `imap.sasl.xoauth2.token.command = [${words.map(literal).join(', ')}]`,
        ],
      },
    ],
  },
  meli: {
    programs: ['meli'],
    uses: ['imap'],
    changes: ({ words }) => [
      {
        kind: 'shown',
        where: "in meli's config.toml, below the account",
        lines: ['use_oauth2 = true', `server_password_command = "${words.join(' ')} --format xoauth2"`],
      },
    ],
  },
  'git-send-email': {
    programs: ['git'],
    uses: [],
    changes: ({ name, request: { env, home, exists } }) => [
      lines(
        configFile(env, home, exists),
        ['[sendemail]', `\tsendmailCmd = msmtp -a ${name}`],
        /^[ \t]*(?:sendmailcmd|smtpserver)\b/im,
      ),
    ],
    notes: ({ request: { account } }) => [
      `git sends by msmtp, which needs the same account: ${command(`connect msmtp ${quoted(account)}`)}`,
    ],
  },
} as const satisfies Readonly<Record<string, Client>>;

export type MailClient = keyof typeof CLIENTS;

export function mailClient(client: MailClient): Consumer {
  const { programs, uses, changes, notes }: Client = CLIENTS[client];
  return {
    programs,
    helper: null,
    takesMailbox: true,
    connect(request): Plan {
      const settings = settingsFor(client, uses, request);
      const [protocol] = uses;
      const server = request.target === null ? '' : ` --server ${quoted(request.target)}`;
      return {
        changes: changes(settings),
        notes: [
          ...(notes?.(settings) ?? []),
          ...(protocol === undefined
            ? []
            : [
                `to see whether the server accepts the token: ${command(`check ${protocol} ${quoted(request.account)}${server}`)}`,
              ]),
        ],
      };
    },
  };
}

/** @throws VaultError `usage` for what is not known, and for what would mean something else in a configuration */
function settingsFor(client: string, uses: Client['uses'], request: ConnectRequest): Settings {
  const { account, mailbox, self } = request;
  const words = [...self, 'token', account];
  const odd = words.find((word) => quoted(word) !== word);
  if (odd !== undefined)
    throw new VaultError('usage', `${quoted(odd)} cannot be written into the configuration of ${client}`, {
      hint: odd === account ? command(`rename ${quoted(account)} NAME`) : 'the path must have no spaces',
    });
  if (mailbox === null)
    throw new VaultError('usage', `the mailbox of ${account} is not known`, {
      hint: command(`connect ${client} ${quoted(account)} --user NAME@example.com`),
    });
  if (!/^[\w.+=-]+@[\w.-]+$/.test(mailbox))
    throw new VaultError(
      'usage',
      `${quoted(mailbox)} cannot be written into the configuration of ${client}`,
      {
        hint: command(`connect ${client} ${quoted(account)} --user NAME@example.com`),
      },
    );
  const server = (protocol: 'imap' | 'smtp') =>
    uses.includes(protocol) ? serverFor(client, protocol, uses.length > 1, request) : { host: '', port: 0 };
  return {
    name: account.replace(/[^\w.-]/g, '-'),
    user: mailbox,
    imap: server('imap'),
    smtp: server('smtp'),
    words,
    request,
  };
}

/** @throws VaultError `usage` */
function serverFor(
  client: string,
  protocol: 'imap' | 'smtp',
  isOneOfTwo: boolean,
  { account, target, mail }: ConnectRequest,
): Server {
  const hint = command(
    `connect ${client} ${quoted(account)} --for ${isOneOfTwo ? 'mail' : protocol}.example.com`,
  );
  if (target === null) {
    if (mail !== null) return mail[protocol];
    throw new VaultError('usage', `the mail server of ${account} is not known`, { hint });
  }
  const [, host, port] = /^([A-Za-z0-9][A-Za-z0-9.-]*)(?::(\d{1,5}))?$/.exec(target) ?? [];
  if (host === undefined || (isOneOfTwo && port !== undefined))
    throw new VaultError(
      'usage',
      isOneOfTwo
        ? `${client} calls an IMAP and an SMTP server, so --for takes a host without a port`
        : '--for takes a host, or HOST:PORT',
      { hint },
    );
  return { host, port: port === undefined ? USUAL[protocol] : Number(port) };
}

function sectionOf(word: string, name: string): RegExp {
  return new RegExp(`^[ \\t]*${word}[ \\t]+${escaped(name)}[ \\t]*$`, 'im');
}

function escaped(text: string): string {
  return text.replaceAll('.', '\\.');
}

/** A string of Python and of TOML: of what {@link settingsFor} lets through, both read it as JSON does. */
function literal(text: string): string {
  return JSON.stringify(text);
}
