import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type DemoStage, openDemoStage } from '../../harness/demo-stage.js';
import { needs } from '../../harness/parts.js';

/* What each helper prints, to the byte. HOST is connected; `why` matches the reason of a failure where it is written. */

interface Dialogue {
  readonly tool: string;
  readonly host: string;
  readonly ask: readonly string[];
  readonly input?: (host: string) => string;
  readonly token: (token: string, expiry: number, host: string) => string;
  /** For a host that was not connected. */
  readonly otherHost: { readonly exitCode: number; readonly stdout: string };
  readonly failure: (why: RegExp) => Readonly<Record<'exitCode' | 'stdout' | 'stderr', unknown>>;
}

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
];

let stage: DemoStage;
beforeEach(async (context) => {
  needs(context, 'the built command line');
  stage = await openDemoStage();
});
afterEach(async () => {
  expect(await stage.close()).toEqual([]);
});

describe.each(DIALOGUES)('vault helper $tool', ({ tool, host, ask, input, token, otherHost, failure }) => {
  const run = (name = host) => {
    const words = ask.map((word) => word.replaceAll('HOST', name));
    return stage.vault(['helper', tool, '--', ...words], { stdin: input?.(name) ?? '' });
  };
  const connect = () => stage.vault(['connect', tool, 'demo', '--for', host, '--install']);

  it('prints the token as the protocol wants it, and for no other host', async () => {
    await stage.logIn();
    expect(await connect()).toMatchObject({ exitCode: 0 });
    const { access_token, expires_at } = JSON.parse((await stage.vault(['token', '--json'])).stdout);
    const expiry = Math.floor(Date.parse(expires_at) / 1000);
    expect(await run()).toMatchObject({ exitCode: 0, stdout: token(access_token, expiry, host), stderr: '' });
    for (const other of [`evil.${host}`, `${host}.evil.example`, 'evil.example'])
      expect(await run(other)).toMatchObject(otherHost);
  });

  it('says which login is needed, and prints nothing else', async () => {
    await stage.logInExpired();
    await connect();
    stage.demo.endAllGrants();
    const end = await run();
    expect(end).toMatchObject(failure(/vault login demo\/ada@example.com/));
  });

  it('says that the key is locked, and prints nothing else', async () => {
    await stage.logIn();
    await connect();
    const key = join(stage.home.vault, 'master.key');
    renameSync(key, `${key}.away`);
    const end = await run();
    renameSync(`${key}.away`, key);
    expect(end).toMatchObject(failure(/key/));
  });

  it('says that the account is no longer there, and prints nothing else', async () => {
    await stage.logIn();
    await connect();
    await stage.vault(['revoke', 'demo', '--yes']);
    expect(await run()).toMatchObject(failure(/no account/));
  });
});

describe('vault helper docker', () => {
  const run = (...words: string[]) => stage.vault(['helper', 'docker', ...words], { stdin: 'a.example.com' });

  it('lists the hosts it is connected for, with their user names and without the key', async () => {
    await stage.logIn();
    await stage.vault(['connect', 'docker', 'demo', '--for', 'europe-docker.pkg.dev', '--install']);
    renameSync(join(stage.home.vault, 'master.key'), join(stage.home.vault, 'away'));
    const stdout = '{"https://europe-docker.pkg.dev":"oauth2accesstoken"}\n';
    expect(await run('list')).toMatchObject({ exitCode: 0, stdout, stderr: '' });
  });

  it.each(['store', 'erase'])('refuses to %s, which would change nothing', async (verb) => {
    expect(await run(verb)).toMatchObject({ exitCode: 1, stdout: expect.stringMatching(/^vault: .*\n$/) });
  });
});
