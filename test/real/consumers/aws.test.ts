import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type DemoStage, openDemoStage } from '../../harness/demo-stage.js';
import { needs } from '../../harness/parts.js';

const ROLE = 'arn:aws:iam::123456789012:role/team/deploy';

let stage: DemoStage;
let sts: Server;
let url: string;
/** The forms that were sent. */
let asked: URLSearchParams[];
/** Minutes. */
let lifetime: number;
let refusal: string | null;

beforeEach(async (context) => {
  needs(context, 'the built command line');
  stage = await openDemoStage();
  [asked, lifetime, refusal] = [[], 60, null];
  // As much of the Security Token Service as the helper asks.
  sts = createServer((request, response) => {
    void answer(request).then(([status, xml]) => {
      response.writeHead(status, { 'content-type': 'text/xml' }).end(xml);
    });
  });
  sts.listen(0, '127.0.0.1');
  await once(sts, 'listening');
  url = `http://127.0.0.1:${(sts.address() as { port: number }).port}/`;
});
afterEach(async () => {
  sts.closeAllConnections();
  sts.close();
  expect(await stage.close()).toEqual([]);
});

async function answer(request: AsyncIterable<Buffer>): Promise<[number, string]> {
  let body = '';
  for await (const part of request) body += part;
  const form = new URLSearchParams(body);
  asked.push(form);
  const authorization = `Bearer ${form.get('WebIdentityToken')}`;
  const { ok } = await fetch(stage.demo.endpoints.userinfo, { headers: { authorization } });
  if (refusal !== null || !ok)
    return [
      403,
      `<ErrorResponse><Error><Code>${refusal}</Code><Message>No &lt;way&gt;</Message></Error></ErrorResponse>`,
    ];
  const end = new Date(Date.now() + lifetime * 60_000).toISOString();
  return [
    200,
    `<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials><SessionToken>session/${asked.length}+=</SessionToken><SecretAccessKey>secret-example</SecretAccessKey><Expiration>${end}</Expiration><AccessKeyId>ASIAEXAMPLE</AccessKeyId></Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`,
  ];
}

const ask = (account = 'demo') =>
  stage.vault(['helper', 'aws', account, '--for', ROLE], { env: { AWS_ENDPOINT_URL_STS: url } });

describe('vault helper aws', () => {
  it('answers with the credentials of the role, and nothing else', async () => {
    await stage.logIn();
    const { stdout, stderr } = await ask();
    expect(JSON.parse(stdout)).toEqual({
      Version: 1,
      AccessKeyId: 'ASIAEXAMPLE',
      SecretAccessKey: 'secret-example',
      SessionToken: 'session/1+=',
      Expiration: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
    });
    expect(stderr).toBe('');
    const { WebIdentityToken, ...form } = Object.fromEntries(asked[0] ?? []);
    expect(WebIdentityToken).toMatch(/^demo-access-/);
    expect(form).toEqual({
      Action: 'AssumeRoleWithWebIdentity',
      Version: '2011-06-15',
      RoleArn: ROLE,
      RoleSessionName: 'ada@example.com',
    });
  });

  it('asks AWS once while the credentials last, and keeps them sealed', async () => {
    await stage.logIn();
    expect((await ask()).stdout).toBe((await ask()).stdout);
    expect(asked).toHaveLength(1);
    const folder = join(stage.home.vault, 'helpers');
    const [file = ''] = readdirSync(folder);
    expect(readFileSync(join(folder, file), 'latin1')).not.toMatch(/secret-example|session|ASIA/);
  });

  it('asks again shortly before their end, and when there is a new token', async () => {
    await stage.logIn();
    lifetime = 14;
    await ask();
    lifetime = 60;
    await ask();
    expect(asked).toHaveLength(2);
    await stage.vault(['token', 'demo', '--refresh']);
    await ask();
    expect(asked).toHaveLength(3);
  });

  it('says why AWS refuses, and prints nothing', async () => {
    await stage.logIn();
    refusal = 'AccessDenied';
    const { exitCode, stdout, stderr } = await ask();
    expect({ exitCode, stdout }).toEqual({ exitCode: 11, stdout: '' });
    expect(stderr).toContain(`assume ${ROLE}: AccessDenied: No <way>`);
  });

  it('prints nothing and says why where AWS cannot be reached, or there is no token', async () => {
    const account = await stage.logInExpired();
    expect(await ask('nobody')).toMatchObject({ exitCode: 3, stdout: '' });
    const words = ['helper', 'aws', account, '--for', ROLE];
    const closed = { env: { AWS_ENDPOINT_URL_STS: 'http://127.0.0.1:1/' } };
    expect(await stage.vault(words, closed)).toMatchObject({ exitCode: 5, stdout: '' });
    rmSync(join(stage.home.vault, 'master.key'));
    expect(await ask()).toMatchObject({ exitCode: 6, stdout: '' });
  });

  it('prints nothing and names the command where a login is needed', async () => {
    await stage.logInExpired();
    stage.demo.endAllGrants();
    const run = await ask();
    expect(run).toMatchObject({
      exitCode: 4,
      stdout: '',
      stderr: expect.stringContaining('vault login demo'),
    });
    expect(asked).toEqual([]);
  });
});

describe('vault connect aws', () => {
  const connect = (...more: string[]) => stage.vault(['connect', 'aws', 'demo', '--for', ROLE, ...more]);

  it.each([
    ['no file', null],
    ['a file with another profile', '[profile other]\nregion = eu-west-1'],
  ])('adds a profile, and leaves %s byte for byte as it was after --remove', async (_, text) => {
    await stage.logIn();
    const file = join(stage.home.home, '.aws', 'config');
    mkdirSync(dirname(file));
    if (text !== null) writeFileSync(file, text);
    expect(await connect('--install')).toMatchObject({ exitCode: 0, stdout: '' });
    const [, line = ''] = /^credential_process = (.*)$/m.exec(readFileSync(file, 'utf8')) ?? [];
    expect(line).toContain(`helper aws demo/ada@example.com --for ${ROLE}`);
    expect(await connect('--remove')).toMatchObject({ exitCode: 0 });
    expect(existsSync(file) ? readFileSync(file, 'utf8') : null).toBe(text);
  });

  it('needs a role', async () => {
    await stage.logIn();
    const run = await stage.vault(['connect', 'aws', 'demo', '--for', 'deploy']);
    expect(run).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('arn:aws:iam::') });
  });
});
