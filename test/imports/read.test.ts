import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { VaultError } from '../../src/domain/errors.js';
import { Secret } from '../../src/domain/secret.js';
import type { FoundLogin, Importer, Opening } from '../../src/imports/contract.js';
import { IMPORTERS } from '../../src/imports/index.js';
import { fernet, pizauthDump } from '../harness/tool-files.js';

const HOME = '/home/ada';

function opening(files: Readonly<Record<string, string | Uint8Array>>, more: Partial<Opening> = {}): Opening {
  return {
    env: {},
    platform: 'linux',
    home: HOME,
    read: (path) => (files[path] === undefined ? null : Buffer.from(files[path])),
    names: (folder) =>
      Object.keys(files).flatMap((path) =>
        path.startsWith(`${folder}/`) ? [path.slice(folder.length + 1)] : [],
      ),
    run: () => Promise.reject(new Error('nothing is run here')),
    password: () => Promise.reject(new Error('nothing is asked for here')),
    passwordFile: null,
    ...more,
  };
}

async function importer(tool: string): Promise<Importer> {
  const loaded = await IMPORTERS.find(({ name }) => name === tool)?.load();
  if (loaded === undefined || !('read' in loaded)) throw new Error(`${tool} is not an importer`);
  return loaded;
}

async function read(tool: string, file: string, with_: Opening) {
  const logins = await (await importer(tool)).read(file, with_);
  return logins.map(revealed);
}

function revealed({ clientSecret, refreshToken, ...login }: FoundLogin) {
  return { ...login, secret: clientSecret?.reveal() ?? null, token: refreshToken?.reveal() ?? null };
}

const proxyFile = (salt: Buffer) => `[Server setup]
[IMAP-1993]
server_address = imap.example.com

[ada@example.com]
permission_url = https://id.example.com/authorize
token_url = https://id.example.com/token
oauth2_scope = https://mail.example.com/ offline_access
client_id = my-client
client_secret = my-secret
token_salt = ${salt.toString('base64')}
token_iterations = 1000
access_token = unused
refresh_token = ${fernet('the password', salt, 1000, 'refresh-example')}
`;

describe('email-oauth2-proxy', () => {
  const salt = randomBytes(16);
  const files = { '/x': proxyFile(salt) };

  it('is opened with the password of the mail client', async () => {
    const password = async () => new Secret('the password');
    expect(await read('email-oauth2-proxy', '/x', opening(files, { password }))).toMatchObject([
      {
        name: 'ada@example.com',
        clientId: 'my-client',
        secret: 'my-secret',
        token: 'refresh-example',
        scopes: ['https://mail.example.com/', 'offline_access'],
        server: { tokenEndpoint: 'https://id.example.com/token' },
      },
    ]);
  });

  it('is refused with another password', async () => {
    const password = async () => new Secret('another password');
    await expect(read('email-oauth2-proxy', '/x', opening(files, { password }))).rejects.toThrow(
      'the password does not open the tokens of ada@example.com',
    );
  });
});

const DUMPED = {
  authorize: 'https://id.example.com/authorize',
  token: 'https://id.example.com/token',
  clientId: 'my-client',
  clientSecret: 'my-secret',
  scopes: ['mail', 'openid'],
  refreshToken: 'refresh-example',
};

describe('pizauth', () => {
  it('is read from a dump', async () => {
    expect(await read('pizauth', '/x', opening({ '/x': pizauthDump(DUMPED) }))).toMatchObject([
      {
        name: 'work',
        email: 'ada@example.com',
        clientId: 'my-client',
        secret: 'my-secret',
        token: 'refresh-example',
        scopes: ['mail', 'openid'],
        server: { tokenEndpoint: 'https://id.example.com/token' },
      },
    ]);
  });

  it.each([
    ['with more at its end', pizauthDump(DUMPED, Buffer.from([0]))],
    ['cut off', pizauthDump(DUMPED).subarray(0, -1)],
    ['empty', Buffer.alloc(0)],
  ])('is refused %s', async (_, dump) => {
    await expect(read('pizauth', '/x', opening({ '/x': dump }))).rejects.toThrow('is not a pizauth dump');
  });
});

describe('tools that keep JSON', () => {
  it('oama: with the client from its config.yaml', async () => {
    const token = {
      email: { unEmailAddress: 'ada@example.com' },
      service: 'microsoft',
      refresh_token: 'r',
      scope: 'a b',
    };
    const config = `encryption:
  tag: KEYRING
services:
  google:
    client_id: other
  microsoft:
    client_id: 'my-client' # mine
    tenant: contoso.example
`;
    const files = { '/x': JSON.stringify(token), [`${HOME}/.config/oama/config.yaml`]: config };
    expect(await read('oama', '/x', opening(files))).toMatchObject([
      {
        email: 'ada@example.com',
        clientId: 'my-client',
        token: 'r',
        scopes: ['a', 'b'],
        server: { tokenEndpoint: 'https://login.microsoftonline.com/contoso.example/oauth2/v2.0/token' },
      },
    ]);
  });

  it('ortie: with the client from its config.toml', async () => {
    const config = `[accounts.other]
client-id = "other"

[accounts.work]
default = true
client-id = "my-client"
client-secret.raw = "my-secret"
endpoints.token = "https://id.example.com/token"
endpoints.authorization = "https://id.example.com/authorize"
scopes = ["mail", "openid"]
`;
    const files = { '-': '{"refresh_token":"r"}', [`${HOME}/.config/ortie/config.toml`]: config };
    expect(await read('ortie', '-', opening(files))).toMatchObject([
      {
        name: 'work',
        clientId: 'my-client',
        secret: 'my-secret',
        token: 'r',
        scopes: ['mail', 'openid'],
        server: { tokenEndpoint: 'https://id.example.com/token' },
      },
    ]);
  });

  it('gogcli: with the client from its credentials.json', async () => {
    const files = {
      '/x': '{"email":"ada@example.com","scopes":["a"],"refresh_token":"r"}',
      [`${HOME}/.config/gogcli/credentials.json`]: '{"client_id":"my-client","client_secret":"s"}',
    };
    expect(await read('gogcli', '/x', opening(files))).toMatchObject([
      { email: 'ada@example.com', clientId: 'my-client', secret: 's', token: 'r', scopes: ['a'] },
    ]);
  });

  it.each(['gcalcli', 'goobook'])('%s: JSON of oauth2client, and no pickle', async (tool) => {
    const token = {
      client_id: 'c',
      client_secret: 's',
      refresh_token: 'r',
      token_uri: 'https://id.example.com/token',
    };
    expect(await read(tool, '/x', opening({ '/x': JSON.stringify(token) }))).toMatchObject([
      { clientId: 'c', secret: 's', token: 'r', server: { tokenEndpoint: 'https://id.example.com/token' } },
    ]);
    const pickle = opening({ '/x': Buffer.from([0x80, 4, 0x95]) });
    await expect(read(tool, '/x', pickle)).rejects.toThrow('is a pickle, which is never loaded');
  });
});

describe('git-credential-oauth', () => {
  it('is read for its settings, as it has no tokens', async () => {
    const config = `[user]
\tname = Ada
[credential]
\thelper = oauth
[credential "https://git.example.com"]
\toauthClientId = my-client
\toauthScopes = read_repository write_repository
\toauthAuthURL = /oauth/authorize
\toauthTokenURL = "/oauth/token" ; relative
`;
    const place = opening({ [`${HOME}/.gitconfig`]: config });
    expect((await importer('git-credential-oauth')).find(place)).toEqual([`${HOME}/.gitconfig`]);
    expect(await read('git-credential-oauth', `${HOME}/.gitconfig`, place)).toMatchObject([
      {
        name: 'https://git.example.com',
        clientId: 'my-client',
        token: null,
        scopes: ['read_repository', 'write_repository'],
        server: { tokenEndpoint: 'https://git.example.com/oauth/token' },
      },
    ]);
  });
});

describe('rclone', () => {
  it('without a client id of the user has its own client', async () => {
    const config = '[g]\ntype = drive\ntoken = {"refresh_token":"r"}\n[local]\ntype = local\n';
    expect(await read('rclone', '/x', opening({ '/x': config }))).toMatchObject([
      { name: 'g', clientId: null, clientOwner: 'rclone', token: 'r' },
    ]);
  });
});

describe('every importer', () => {
  const names = IMPORTERS.map(({ name }) => name);

  it.each(names)('%s: finds nothing in an empty home', async (tool) => {
    const loaded = await IMPORTERS.find(({ name }) => name === tool)?.load();
    expect(loaded?.find(opening({}))).toEqual([]);
  });

  it.each(names)('%s: refuses a file of another kind, or says what to do instead', async (tool) => {
    const loaded = await IMPORTERS.find(({ name }) => name === tool)?.load();
    if (loaded === undefined || !('read' in loaded)) {
      expect(loaded?.instead.length).toBeGreaterThan(0);
      return;
    }
    for (const content of [
      '',
      '[]',
      '{}',
      'null',
      '{"refresh_token":',
      '\u0000\u0001',
      '[a]\nb=c\n'.repeat(99),
    ]) {
      const place = opening({ '/x': content }, { run: async () => Buffer.from(content) });
      await expect(loaded.read('/x', place)).rejects.toBeInstanceOf(VaultError);
    }
  });

  const TEXTS = ['mutt-oauth2', 'oama', 'ortie', 'email-oauth2-proxy', 'rclone', 'git-credential-oauth'];

  it.each(TEXTS)('%s: comes to the end of files full of blanks', async (tool) => {
    const loaded = await importer(tool);
    const blanks = ' '.repeat(500_000);
    const lines = '\n'.repeat(500_000);
    const config = `services:\n  s:\n    a: b${blanks}x\n'r': {\n'a':${blanks}x}\n[a@b]\na = b${blanks}x\na${blanks}x${lines}x`;
    const token = '{"registration":"r","service":"s","refresh_token":"t"}';
    for (const file of [config, `[accounts.a]${lines}x`, token]) {
      const isOwn = (path: string) => path === '/x';
      const place = opening({}, { read: (path) => Buffer.from(isOwn(path) ? file : config) });
      const end = loaded.read('/x', place).then(
        () => 'read',
        () => 'refused',
      );
      expect(await end).toMatch(/read|refused/);
    }
  });
});

describe('what comes from a file', () => {
  it('is read after a byte order mark and with the line ends of Windows', async () => {
    const token = '\ufeff{\r\n"client_id": "c",\r\n"refresh_token": "r"\r\n}\r\n';
    expect(await read('google-auth', '/x', opening({ '/x': token }))).toMatchObject([{ token: 'r' }]);
  });

  it('is quoted in the commands to type', async () => {
    const files = { '/x': '{"email":"a@b; id","refresh_token":"r"}' };
    const gogcli = await importer('gogcli');
    const [login] = await gogcli.read('/x', opening(files));
    expect(gogcli.cleanUp('/x', login as FoundLogin)).toContain("gog auth tokens delete 'a@b; id'");
  });
});
