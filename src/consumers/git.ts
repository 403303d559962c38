import { join } from 'node:path';
import { command } from '../domain/hints.js';
import { programName } from '../domain/invocation.js';
import { quoted } from '../domain/safe-text.js';
import type { ValidToken } from '../domain/valid-token.js';
import type { Consumer, HelperCall } from './contract.js';
import { isLoopback } from './hosts.js';
import { hostToConnect } from './registries.js';

/*
 * git's credential helpers: gitcredentials(7), git-credential(1). git 2.39 knows user name and password only; what it does not
 * know it ignores: `password_expiry_utc` (2.40) and `authtype` (2.46).
 */

interface GitHost {
  readonly suffix: string;
  /** Which providers log in to it. */
  readonly provider: string;
  /** GitLab accepts no other name than `oauth2`; the others any that is not empty. */
  readonly username: string;
  /** Whether it takes `Authorization: Bearer` too. */
  readonly bearer: boolean;
}

/** Sources: the documentation of each host on HTTPS access with OAuth tokens. */
const HOSTS: readonly GitHost[] = [
  { suffix: 'github.com', provider: 'github', username: 'x-access-token', bearer: false },
  { suffix: 'gitlab.com', provider: 'gitlab', username: 'oauth2', bearer: false },
  { suffix: 'bitbucket.org', provider: 'bitbucket', username: 'x-token-auth', bearer: true },
  { suffix: 'codeberg.org', provider: 'codeberg', username: 'oauth2', bearer: true },
  { suffix: 'googlesource.com', provider: 'google', username: 'oauth2', bearer: true },
  { suffix: 'dev.azure.com', provider: 'microsoft', username: 'oauth2', bearer: true },
  { suffix: 'visualstudio.com', provider: 'microsoft', username: 'oauth2', bearer: true },
];
const OTHER = { username: 'oauth2', bearer: false };

/** `git send-email` and `git imap-send` ask for the password of a mailbox. */
const MAIL = ['smtp', 'smtps', 'imap', 'imaps'];

/** Of a host with more in it, git and the program that connects may read different parts: `evil.example#.github.com`. */
const PLAIN_HOST = /^(?:[\w.-]+|\[[\da-f:.]+\])(?::\d+)?$/i;

/** The attributes of one request; a key that ends in `[]` may repeat. */
type Attributes = ReadonlyMap<string, readonly string[]>;

export const git: Consumer = {
  programs: ['git'],
  helper: {
    verbs: ['get', 'store', 'erase', 'capability'],
    async answer(call) {
      switch (call.verb) {
        case 'get':
          return get(call, await attributesOf(call));
        case 'erase':
          return erase(call, await attributesOf(call));
        case 'capability':
          return call.print('version 0\ncapability authtype\n');
      }
      // `store`, and operations of later versions, which a helper has to ignore.
    },
  },
  connect(request) {
    const { account, self, env, home, exists } = request;
    const usual = HOSTS.map(({ provider, suffix }) => [provider, suffix] as const).reverse();
    const host = hostToConnect('git', request, Object.fromEntries(usual), 'git.example.com');
    const words = [...self, 'helper', 'git', account, '--for', host];
    const url = `${isLoopback(host) ? 'http' : 'https'}://${host}`;
    return {
      target: host,
      changes: [
        {
          kind: 'lines',
          file: configFile(env, home, exists),
          comment: '#',
          lines: [
            `[credential "${url}"]`,
            '\t# An empty value forgets the helpers of before: they would store the token.',
            '\thelper =',
            `\thelper = ${asValue(`!${words.map(quoted).join(' ')}`)}`,
          ],
        },
      ],
      notes: [`to try it: git ls-remote ${url}/OWNER/REPOSITORY.git`],
    };
  },
};

async function get(call: HelperCall, asked: Attributes): Promise<void> {
  const { protocol, host, username } = single(asked);
  if (!isMeant(call, protocol, host)) return;
  if (MAIL.includes(protocol)) return mailbox(call, username);
  const valid = await call.token({ withIdentity: username !== '' });
  const known = hostOf(host) ?? OTHER;
  const names = [known.username, valid.account.label, valid.email ?? ''];
  if (username !== '' && !names.includes(username))
    return call.say(
      `${programName()}: git asks for the user ${username}, and this account is ${valid.account.label}`,
    );
  const bearer = known.bearer || asked.get('wwwauth[]')?.some((value) => /^bearer\b/i.test(value)) === true;
  if (bearer && asked.get('capability[]')?.includes('authtype') === true) {
    print(call, valid, ['capability[]=authtype', 'authtype=Bearer', 'ephemeral=1'], 'credential');
  } else {
    print(call, valid, [`username=${username === '' ? known.username : username}`], 'password');
  }
}

/** The mail server reads the token as the password of XOAUTH2 or OAUTHBEARER. */
async function mailbox(call: HelperCall, username: string): Promise<void> {
  const valid = await call.token({ withIdentity: username === '' });
  const name = username === '' ? valid.email : username;
  if (name === null) return call.say(`${programName()}: name the mailbox in git's smtpUser or imap.user`);
  print(call, valid, [`username=${name}`], 'password');
}

function print(call: HelperCall, { accessToken, account }: ValidToken, first: string[], key: string): void {
  const end =
    account.expiresAt === null ? [] : [`password_expiry_utc=${Math.floor(account.expiresAt / 1000)}`];
  call.print(`${[...first, `${key}=${accessToken.reveal()}`, ...end].join('\n')}\n`);
}

/** git does this after a 401. Another token is needed only if the refused one is still ours. */
async function erase(call: HelperCall, asked: Attributes): Promise<void> {
  const { protocol, host, password, credential } = single(asked);
  const refused = password || credential;
  if (refused === '' || !isMeant(call, protocol, host)) return;
  await call.token({ refused });
}

/** Whether the token may go to this host: where the account was connected for, or where its provider logs in. */
function isMeant(call: HelperCall, protocol: string, host: string): boolean {
  const { target } = call;
  if (host === '') {
    call.say(
      `${programName()}: no token, because no host was named on stdin (protocol=https, then host=HOST)`,
    );
    return false;
  }
  const isKnown = ['https', 'http', ...MAIL].includes(protocol);
  if (!isKnown || !PLAIN_HOST.test(host)) {
    call.say(
      `${programName()}: no token, because ${protocol}://${host} is not a plain https, IMAP or SMTP address`,
    );
    return false;
  }
  if (protocol === 'http' && !isLoopback(host)) {
    call.say(`${programName()}: no token for ${host}, because http is not encrypted`);
    return false;
  }
  const meant = target === null ? hostOf(host) !== null && !MAIL.includes(protocol) : belongsTo(host, target);
  if (!meant)
    call.say(
      `${programName()}: no token for ${host}, because this account was not connected for it; see ${command('connect git --help')}`,
    );
  return meant;
}

function hostOf(host: string): GitHost | null {
  return HOSTS.find(({ suffix }) => belongsTo(host, suffix)) ?? null;
}

/** @param suffix without a port: any port */
function belongsTo(host: string, suffix: string): boolean {
  const bare = suffix.includes(':') ? host : host.replace(/:\d+$/, '');
  return bare === suffix || bare.endsWith(`.${suffix}`);
}

/** Lines `key=value`, ended by an empty one or by the end of the input. An empty value empties a list. */
async function attributesOf(call: HelperCall): Promise<Attributes> {
  const found = new Map<string, string[]>();
  for await (const line of call.lines()) {
    if (line === '') break;
    const [, key = '', value = ''] = /^([^=]+)=(.*)$/.exec(line) ?? [];
    const isList = key.endsWith('[]');
    if (isList && value !== '' && found.get(key)?.push(value) !== undefined) continue;
    if (key !== '') found.set(key, isList && value === '' ? [] : [value]);
  }
  return found;
}

function single(asked: Attributes) {
  const value = (key: string) => asked.get(key)?.[0] ?? '';
  return {
    protocol: value('protocol'),
    host: value('host'),
    username: value('username'),
    password: value('password'),
    credential: value('credential'),
  };
}

/** git-config(1): `$GIT_CONFIG_GLOBAL`; else `~/.gitconfig`, unless there is only the one in `$XDG_CONFIG_HOME`. */
export function configFile(env: HelperCall['env'], home: string, exists: (path: string) => boolean): string {
  if (env['GIT_CONFIG_GLOBAL']) return env['GIT_CONFIG_GLOBAL'];
  const usual = join(home, '.gitconfig');
  const other = join(env['XDG_CONFIG_HOME'] || join(home, '.config'), 'git', 'config');
  return !exists(usual) && exists(other) ? other : usual;
}

/** A value of a git configuration file, in double quotes. */
function asValue(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&')}"`;
}
