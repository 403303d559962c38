import { existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type DemoStage, openDemoStage } from '../../harness/demo-stage.js';
import { needs } from '../../harness/parts.js';

/* What each helper prints, to the byte. HOST is connected; `why` matches the reason of a failure where it is written. */

interface Dialogue {
  readonly tool: string;
  readonly host: string;
  readonly ask: readonly string[];
  readonly input?: (host: string) => string;
  readonly env?: Readonly<Record<string, string>>;
  readonly token: (token: string, expiry: number, host: string) => string;
  /** For a host that was not connected; null where the program names none. */
  readonly otherHost: Readonly<Record<string, unknown>> | null;
  readonly failure: (why: RegExp) => Readonly<Record<'exitCode' | 'stdout' | 'stderr', unknown>>;
}

const TYPES = 'urn:ietf:params:oauth:token-type';
const asked = (url: string) =>
  JSON.stringify({ v: 1, registry: { 'index-url': url, name: 'r' }, kind: 'get', operation: 'read' });

/** A protocol that has no words for a failure. */
const onStderr = (exitCode: unknown) => (why: RegExp) => ({
  exitCode,
  stdout: '',
  stderr: expect.stringMatching(why),
});

const DIALOGUES: readonly Dialogue[] = [
  {
    tool: 'docker',
    host: 'registry.example.com',
    ask: ['get'],
    input: (host) => host,
    token: (token, _, host) => `{"ServerURL":"${host}","Username":"oauth2","Secret":"${token}"}\n`,
    otherHost: { exitCode: 1, stdout: 'credentials not found in native keychain\n' },
    failure: (why) => {
      const line = new RegExp(`^vault: .*${why.source}.*\n$`);
      return { exitCode: 1, stdout: expect.stringMatching(line), stderr: expect.stringMatching(line) };
    },
  },
  {
    tool: 'cargo',
    host: 'cargo.example.com',
    ask: ['--cargo-plugin'],
    input: (host) => `${asked(`sparse+https://${host}/index/`)}\n`,
    token: (token, expiry) =>
      `{"v":[1]}\n{"Ok":{"kind":"get","token":"Bearer ${token}","cache":"expires","expiration":${expiry},"operation_independent":true}}\n`,
    otherHost: { exitCode: 0, stdout: '{"v":[1]}\n{"Err":{"kind":"url-not-supported"}}\n' },
    failure: (why) => ({
      exitCode: 0,
      stdout: expect.stringMatching(
        new RegExp(`^{"v":\\[1\\]}\n{"Err":{"kind":"other","message":"[^\n]*${why.source}[^\n]*"}}\n$`),
      ),
      stderr: '',
    }),
  },
  {
    tool: 'terraform',
    host: 'terraform.example.com',
    ask: ['get', 'HOST'],
    token: (token) => `{"token":"${token}"}\n`,
    otherHost: { exitCode: 0, stdout: '{}\n' },
    failure: onStderr(expect.any(Number)),
  },
  {
    tool: 'go',
    host: 'go.example.com',
    ask: ['get', 'https://HOST/m/@v/list'],
    input: () => 'HTTP/2.0 404 Not Found\n\n',
    token: (token, _, host) => `https://${host}\n\nAuthorization: Bearer ${token}\n\n`,
    otherHost: { exitCode: 0, stdout: '' },
    failure: onStderr(expect.any(Number)),
  },
  {
    tool: 'go',
    host: 'go.example.com',
    ask: ['get'],
    token: (token, _, host) => `https://${host}\n\nAuthorization: Bearer ${token}\n\n`,
    otherHost: null,
    failure: onStderr(expect.any(Number)),
  },
  {
    tool: 'pip',
    host: 'pypi.example.com',
    ask: ['get', 'https://HOST/simple/', 'oauth2'],
    token: (token) => `${token}\n`,
    otherHost: { exitCode: 1, stdout: '', stderr: '' },
    failure: onStderr(expect.any(Number)),
  },
  {
    tool: 'pip',
    host: 'pypi.example.com',
    ask: ['--mode=creds', '--output=json', 'get', 'https://HOST/simple/'],
    token: (token) => `{"username":"oauth2","password":"${token}"}\n`,
    otherHost: { exitCode: 1, stdout: '', stderr: '' },
    failure: onStderr(expect.any(Number)),
  },
  {
    tool: 'google',
    host: '//iam.googleapis.com/locations/global/workforcePools/p/providers/q',
    ask: [],
    env: { GOOGLE_EXTERNAL_ACCOUNT_TOKEN_TYPE: `${TYPES}:jwt` },
    token: (token, expiry) =>
      `{"version":1,"success":true,"token_type":"${TYPES}:jwt","id_token":"${token}","expiration_time":${expiry}}\n`,
    otherHost: null,
    failure: (why) => ({
      exitCode: 0,
      stdout: expect.stringMatching(
        new RegExp(`^{"version":1,"success":false,"code":"\\w+","message":"[^\n]*${why.source}[^\n]*"}\n$`),
      ),
      stderr: '',
    }),
  },
  {
    tool: 'pnpm',
    host: 'npm.example.com/private/',
    ask: [],
    token: (token) => `Bearer ${token}`,
    otherHost: null,
    failure: onStderr(expect.any(Number)),
  },
];

let stage: DemoStage;
const connect = async () => {
  for (const { tool, host } of DIALOGUES)
    expect(await stage.vault(['connect', tool, 'demo', '--for', host, '--install'])).toMatchObject({
      exitCode: 0,
    });
};
const key = () => join(stage.home.vault, 'master.key');

async function run({ tool, host, ask, input, env = {} }: Dialogue, name = host) {
  const words = ask.map((word) => word.replaceAll('HOST', name));
  return stage.vault(['helper', tool, '--', ...words], { stdin: input?.(name) ?? '', env });
}

beforeEach((context) => needs(context, 'the built command line'));

/* One vault for all tools, because each login takes a second. */

const EACH = DIALOGUES.map((dialogue) => [`${dialogue.tool} ${dialogue.ask.join(' ')}`, dialogue] as const);

describe('with a valid token', () => {
  beforeAll(async () => {
    stage = await openDemoStage();
    await stage.logIn();
    await connect();
  });
  afterAll(async () => expect(await stage.close()).toEqual([]));

  it.each(EACH)('vault helper %s prints it as the protocol wants it', async (_, dialogue) => {
    const { access_token, expires_at } = JSON.parse((await stage.vault(['token', '--json'])).stdout);
    const stdout = dialogue.token(access_token, Math.floor(Date.parse(expires_at) / 1000), dialogue.host);
    expect(await run(dialogue)).toMatchObject({ exitCode: 0, stdout, stderr: '' });
  });

  it.each(EACH.filter(([, { otherHost }]) => otherHost !== null))(
    'vault helper %s prints it for no other host',
    async (_, dialogue) => {
      for (const other of [`evil.${dialogue.host}`, `${dialogue.host}.evil.example`])
        expect(await run(dialogue, other)).toMatchObject(dialogue.otherHost ?? {});
    },
  );
});

describe.each([
  [
    'a login is needed',
    /vault login demo\/ada@example.com/,
    async () => {
      await stage.logInExpired();
      await connect();
      stage.demo.endAllGrants();
    },
  ],
  [
    'the key is locked',
    /key/,
    async () => {
      await stage.logIn();
      await connect();
      renameSync(key(), `${key()}.away`);
    },
  ],
  [
    'the account is gone',
    /no account/,
    async () => {
      await stage.logIn();
      await connect();
      await stage.vault(['revoke', 'demo', '--yes']);
    },
  ],
] as const)('when %s', (_, why, arrange) => {
  beforeAll(async () => {
    stage = await openDemoStage();
    await arrange();
  });
  afterAll(async () => {
    if (existsSync(`${key()}.away`)) renameSync(`${key()}.away`, key());
    expect(await stage.close()).toEqual([]);
  });

  it.each(EACH)('vault helper %s says so, and prints nothing else', async (_name, dialogue) => {
    expect(await run(dialogue)).toMatchObject(dialogue.failure(why));
  });
});

describe('vault helper docker', () => {
  beforeEach(async () => {
    stage = await openDemoStage();
  });
  afterEach(async () => expect(await stage.close()).toEqual([]));
  const docker = (verb: string) => stage.vault(['helper', 'docker', verb], { stdin: 'a.example.com' });

  it('lists the hosts it is connected for, with their user names and without the key', async () => {
    await stage.logIn();
    await stage.vault(['connect', 'docker', 'demo', '--for', 'europe-docker.pkg.dev', '--install']);
    renameSync(key(), `${key()}.away`);
    const stdout = '{"https://europe-docker.pkg.dev":"oauth2accesstoken"}\n';
    expect(await docker('list')).toMatchObject({ exitCode: 0, stdout, stderr: '' });
  });

  it.each(['store', 'erase'])('refuses to %s, which would change nothing', async (verb) => {
    expect(await docker(verb)).toMatchObject({ exitCode: 1, stdout: expect.stringMatching(/^vault: .*\n$/) });
  });
});
