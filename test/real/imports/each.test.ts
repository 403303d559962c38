import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { OAuth2Client } from 'google-auth-library';
import { describe, it } from 'vitest';
import { answerConsent } from '../../../src/demo/consent-walk.js';
import { attempt, REDIRECT } from '../../demo/client.js';
import { type ImportStage, openImportStage } from '../../harness/import-stage.js';
import { consenting, logIn } from '../../harness/login.js';
import { HANGS, needs, type PartName } from '../../harness/parts.js';
import { fernet, pizauthDump } from '../../harness/tool-files.js';

/** What is typed after `vault import TOOL`. */
interface Kept {
  readonly args: readonly string[];
  readonly stdin?: string;
}

interface Tool {
  /** Keeps a login as the tool does, with its client. */
  readonly keep: (stage: ImportStage) => Promise<Kept>;
  readonly needs?: PartName;
}

const SCOPE = 'openid email notes.read';
const EMAIL = 'ada@example.com';
const PASSWORD = 'a password of the user';

/** Writes a file below the user's home. */
function inHome(stage: ImportStage, name: string, content: string): string {
  const path = join(stage.home.home, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content, { mode: 0o600 });
  return path;
}

const secretOf = ({ demo }: ImportStage) => demo.client.secret ?? '';
const passwordFile = (stage: ImportStage) => ['--password-file', stage.file('password', `${PASSWORD}\n`)];

async function oama(stage: ImportStage): Promise<Kept> {
  const { client, endpoints } = stage.demo;
  const config = `encryption:
  tag: KEYRING
services:
  google:
    client_id: ${client.id}
    client_secret: '${client.secret}'
    auth_endpoint: ${endpoints.authorize}
    token_endpoint: ${endpoints.token}
    auth_scope: ${SCOPE}
`;
  inHome(stage, '.config/oama/config.yaml', config);
  const token = {
    email: EMAIL,
    service: 'google',
    scope: SCOPE,
    refresh_token: await stage.grant(),
    access_token: 'unused',
    token_type: 'Bearer',
    exp_date: '2000-01-01 12:00 UTC',
    expires_in: 3599,
  };
  return { args: ['-'], stdin: JSON.stringify(token) };
}

async function emailproxy(stage: ImportStage): Promise<Kept> {
  const { client, endpoints } = stage.demo;
  const salt = randomBytes(16);
  const sealed = (text: string) => fernet(PASSWORD, salt, 100_000, text);
  const config = `[Server setup]

[IMAP-1993]
server_address = imap.example.com
server_port = 993

[${EMAIL}]
permission_url = ${endpoints.authorize}
token_url = ${endpoints.token}
oauth2_scope = ${SCOPE}
redirect_uri = http://localhost
client_id = ${client.id}
client_secret_encrypted = ${sealed(secretOf(stage))}
token_salt = ${salt.toString('base64')}
token_iterations = 100000
access_token = ${sealed('unused')}
access_token_expiry = 946684800
refresh_token = ${sealed(await stage.grant())}
`;
  return { args: [stage.file('emailproxy.config', config), ...passwordFile(stage)] };
}

async function pizauth(stage: ImportStage): Promise<Kept> {
  const { client, endpoints } = stage.demo;
  const dump = pizauthDump({
    ...{ authorize: endpoints.authorize, token: endpoints.token },
    ...{ clientId: client.id, clientSecret: secretOf(stage) },
    scopes: SCOPE.split(' '),
    refreshToken: await stage.grant(),
  });
  return { args: [stage.file('pizauth.dump', dump)] };
}

async function ortie(stage: ImportStage): Promise<Kept> {
  const { client, endpoints } = stage.demo;
  const config = `[accounts.work]
default = true
client-id = "${client.id}"
client-secret.raw = "${client.secret}"
endpoints.authorization = "${endpoints.authorize}"
endpoints.token = "${endpoints.token}"
scopes = ["openid", "email", "notes.read"]
storage.read.command = "pass show ortie/work"
`;
  inHome(stage, '.config/ortie/config.toml', config);
  const token = {
    ...{ access_token: 'unused', token_type: 'bearer', expires_in: 3600 },
    refresh_token: await stage.grant(),
    issued_at: 946_684_800,
  };
  return { args: ['-'], stdin: JSON.stringify(token) };
}

async function gogcli(stage: ImportStage): Promise<Kept> {
  const { client, endpoints } = stage.demo;
  const credentials = { client_id: client.id, client_secret: client.secret, token_uri: endpoints.token };
  inHome(stage, '.config/gogcli/credentials.json', JSON.stringify(credentials));
  const token = {
    ...{ email: EMAIL, services: ['gmail'], scopes: SCOPE.split(' '), created_at: '2000-01-01T00:00:00Z' },
    refresh_token: await stage.grant(),
  };
  return { args: [stage.file('token.json', token)] };
}

async function oauth2client(stage: ImportStage): Promise<Kept> {
  const { client, endpoints } = stage.demo;
  const token = {
    ...{ access_token: 'unused', client_id: client.id, client_secret: client.secret },
    refresh_token: await stage.grant(),
    ...{ token_expiry: '2000-01-01T00:00:00Z', token_uri: endpoints.token, revoke_uri: endpoints.revoke },
    ...{ user_agent: 'gcalcli/v4.3.0', id_token: null, scopes: SCOPE.split(' '), invalid: false },
    ...{ _class: 'OAuth2Credentials', _module: 'oauth2client.client' },
  };
  return { args: [stage.file('oauth.json', token)] };
}

/** The library logs in itself, and what it then has is stored as in Google's examples, with the endpoint. */
async function googleAuth(stage: ImportStage): Promise<Kept> {
  const { client, endpoints } = stage.demo;
  const library = new OAuth2Client({
    ...{ clientId: client.id, clientSecret: secretOf(stage), redirectUri: REDIRECT },
    endpoints: { oauth2TokenUrl: endpoints.token },
  });
  const { url, verifier } = attempt(stage.demo, { scope: SCOPE });
  const code = new URL(await answerConsent(url)).searchParams.get('code') ?? '';
  const { tokens } = await library.getToken({ code, codeVerifier: verifier });
  const { _clientId: client_id, _clientSecret: client_secret } = library;
  const refresh_token = tokens.refresh_token ?? '';
  const token = { type: 'authorized_user', client_id, client_secret, refresh_token };
  return { args: [stage.file('token.json', { ...token, token_uri: endpoints.token })] };
}

/** rclone itself encrypts its configuration: in its menu, as there is no command for that in older versions. */
async function rclone(stage: ImportStage): Promise<Kept> {
  const { client, endpoints } = stage.demo;
  const token = { access_token: 'unused', token_type: 'Bearer', refresh_token: await stage.grant() };
  const config = `[work]
type = drive
client_id = ${client.id}
client_secret = ${client.secret}
auth_url = ${endpoints.authorize}
token_url = ${endpoints.token}
token = ${JSON.stringify(token)}
`;
  const file = stage.file('rclone.conf', config);
  const child = spawn('rclone', ['--config', file, 'config'], { env: stage.home.env, timeout: HANGS });
  const answers = ['s', 'a', PASSWORD, PASSWORD, 'q', 'q'];
  let asked = '';
  // It reads its stdin anew for each question, so an answer must not come before it.
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (part) => {
      asked += part;
      if (!/(?:> |password:)$/.test(asked)) return;
      asked = '';
      child.stdin.write(`${answers.shift()}\n`);
    });
  await once(child, 'close');
  if (!stage.read(file).includes('RCLONE_ENCRYPT_V')) throw new Error('rclone did not encrypt');
  return { args: [file, ...passwordFile(stage)] };
}

const TOOLS: Readonly<Record<string, Tool>> = {
  oama: { keep: oama },
  'email-oauth2-proxy': { keep: emailproxy },
  pizauth: { keep: pizauth },
  ortie: { keep: ortie },
  gogcli: { keep: gogcli },
  gcalcli: { keep: oauth2client },
  goobook: { keep: oauth2client },
  'google-auth': { keep: googleAuth },
  rclone: { keep: rclone, needs: 'rclone' },
};

/** A stage whose provider has no client yet. Each has its own server, so that its requests can be counted. */
async function openStage(): Promise<ImportStage> {
  const stage = await openImportStage({ server: { clientAuth: 'post' } });
  const { issuer } = stage.demo;
  stage.home.configure({ keySource: 'file', providers: { demo: { issuer, clientAuth: 'post' } } });
  return stage;
}

/** Each file below the home and the vault, with its bytes. */
function filesOf({ home }: ImportStage): Readonly<Record<string, string>> {
  const paths = readdirSync(home.root, { recursive: true, encoding: 'utf8' });
  const files = paths.map((path) => join(home.root, path)).filter((path) => statSync(path).isFile());
  return Object.fromEntries(files.map((path) => [path, readFileSync(path, 'latin1')]));
}

describe.concurrent('a login that another tool keeps', () => {
  it.for(Object.entries(TOOLS))('is taken over once, and works: %s', async ([tool, row], context) => {
    const { expect } = context;
    if (row.needs !== undefined) needs(context, row.needs);
    const stage = await openStage();
    const { args, stdin = '' } = await row.keep(stage);
    const importing = (...more: string[]) => stage.vault(['import', tool, ...args, ...more], { stdin });
    const results = async (...more: string[]) =>
      JSON.parse((await importing(...more, '--json')).stdout).results;
    const [files, requests] = [filesOf(stage), { ...stage.demo.requests }];

    expect(await results('--dry-run')).toMatchObject([
      { outcome: 'would_import', provider: 'demo', error: null },
    ]);
    expect(stage.demo.requests).toEqual(requests);
    expect(filesOf(stage)).toEqual(files);

    expect(await importing()).toMatchObject({ exitCode: 0, stdout: `demo/${EMAIL}\n` });
    expect((await stage.vault(['refresh', 'demo', '--force'])).exitCode).toBe(0);

    const sent = { ...stage.demo.requests };
    expect(await results()).toMatchObject([{ outcome: 'imported_before', account: `demo/${EMAIL}` }]);
    expect(stage.demo.requests).toEqual(sent);
    const { accounts } = JSON.parse((await stage.vault(['list', '--json'])).stdout);
    expect(accounts).toMatchObject([{ account: `demo/${EMAIL}`, status: 'active' }]);

    expect([...stage.demo.refreshUses.values()]).toEqual([1, 1]);
    expect(stage.reuses()).toBe(0);
    expect(await stage.close()).toEqual([]);
  });
});

describe('a client that git-credential-oauth keeps', () => {
  it('is set up without a request, and a login with it works', async ({ expect }) => {
    const stage = await openStage();
    const { issuer, client, endpoints } = stage.demo;
    const config = `[credential "${issuer}"]
\toauthClientId = ${client.id}
\toauthClientSecret = ${client.secret}
\toauthScopes = ${SCOPE}
\toauthAuthURL = /authorize
\toauthTokenURL = ${endpoints.token}
`;
    const args = ['import', 'git-credential-oauth', inHome(stage, '.gitconfig', config)];
    const files = filesOf(stage);
    const planned = await stage.importJson(...args.slice(1), '--dry-run');
    expect(planned.results).toMatchObject([{ outcome: 'would_set_up', provider: 'demo' }]);
    expect(filesOf(stage)).toEqual(files);
    for (const _ of ['once', 'again']) {
      const run = await stage.vault(args);
      expect(run).toMatchObject({ exitCode: 0, stdout: '' });
      expect(run.stderr).toContain('vault connect git');
    }
    expect(Object.values(stage.demo.requests).every((count) => count === 0)).toBe(true);
    expect(await logIn(stage.home, ['demo'], consenting())).toMatchObject({ exitCode: 0 });
    expect((await stage.vault(['refresh', 'demo', '--force'])).exitCode).toBe(0);
    expect(stage.reuses()).toBe(0);
    expect(await stage.close()).toEqual([]);
  });
});
