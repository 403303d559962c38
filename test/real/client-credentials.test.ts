import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startAgent } from '../harness/agent.js';
import { runVault } from '../harness/cli.js';
import type { OidcServer } from '../harness/oidc-server.js';
import { type OidcStage, openOidcStage } from '../harness/oidc-stage.js';

let stage: OidcStage;
let secret: string;
beforeAll(async () => {
  stage = await openOidcStage((server) => ({ build: build(server) }));
  secret = stage.server.machine.clientSecret;
  stage.canaries.secret(secret);
  stage.env['BUILD_CLIENT_SECRET'] = secret;
});
afterAll(() => stage.close());

const build = ({ issuer, machine }: OidcServer) => ({
  grant: 'client_credentials',
  issuer,
  clientId: machine.clientId,
  scopes: ['build:read'],
});
const vault = (...args: string[]) => stage.vault(...args);
const json = (...args: string[]) => stage.json(...args);
const tokenRequests = () => stage.tokenRequests();

async function introspected(accessToken: string): Promise<unknown> {
  const { clientId, clientSecret } = stage.server.machine;
  const answer = await fetch(`${stage.server.issuer}/token/introspection`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}` },
    body: new URLSearchParams({ token: accessToken.trim() }),
  });
  return answer.json();
}

describe('an account without a user, at a real authorization server', () => {
  it('takes no option of a login in the browser', async () => {
    for (const option of ['--no-browser', '--device', '--paste']) {
      const { exitCode, stderr } = await vault('login', 'build', option);
      expect(exitCode).toBe(2);
      expect(stderr).toContain(`${option} is for the login of a user`);
    }
    expect(tokenRequests()).toBe(0);
  });

  it('is planned without a redirect and a browser', async () => {
    expect(await json('login', 'build', '--dry-run')).toMatchObject({
      grant: 'client_credentials',
      redirect_uri: null,
      scopes: ['build:read'],
    });
    expect((await vault('providers', 'build')).stdout).not.toContain('redirect URI');
  });

  it('is added by one request, and named after its client', async () => {
    expect(await vault('login', 'build')).toMatchObject({ exitCode: 0, stdout: 'build/build-bot\n' });
    expect(tokenRequests()).toBe(1);
    expect(await json('show', 'build')).toMatchObject({
      identity: { subject: 'build-bot', email: null },
      status: 'active',
      scopes: ['build:read'],
      consents: [{ how: 'client_credentials' }],
    });
  });

  it('says that it renews itself', async () => {
    expect((await vault('list')).stdout).toMatch(/build\/build-bot +ok +renews itself +build:read/);
    expect((await vault('show', 'build')).stdout).toContain(
      'renews itself with the grant client_credentials',
    );
  });

  it('returns a token that the server knows, without asking it again', async () => {
    const { stdout, stderr } = await vault('token', 'build');
    expect(stderr).toBe('');
    expect(await introspected(stdout)).toMatchObject({ active: true, client_id: 'build-bot' });
    expect(tokenRequests()).toBe(1);
  });

  it('is renewed by the same request when its token ends too soon', async () => {
    stage.server.accessTokenLifetime = 120;
    const short = await vault('token', 'build', '--refresh');
    stage.server.accessTokenLifetime = 3_600;
    await sleep(1_200);
    const long = await vault('token', 'build', '--min-valid', '119s');
    expect(long.stdout).not.toBe(short.stdout);
    expect(await introspected(long.stdout)).toMatchObject({ active: true, scope: 'build:read' });
    expect(tokenRequests()).toBe(3);
  });

  it('is renewed once for many commands at the same time', async () => {
    stage.server.accessTokenLifetime = 1;
    await vault('token', 'build', '--refresh');
    stage.server.accessTokenLifetime = 3_600;
    await sleep(1_200);
    const before = tokenRequests();
    const runs = await Promise.all(Array.from({ length: 6 }, () => vault('token', 'build')));
    expect(new Set(runs.map(({ stdout }) => stdout)).size).toBe(1);
    expect(tokenRequests()).toBe(before + 1);
  });

  it('is refreshed with all the others', async () => {
    const { summary } = await json('refresh', '--all');
    expect(summary).toMatchObject({ refreshed: 1, failed: 0 });
    expect((await vault('doctor', '--offline')).stdout).not.toContain('login build');
  });

  it('stays one account, and takes another name', async () => {
    expect(await json('login', 'build', '--as', 'ci')).toMatchObject({ account: 'build/ci', created: false });
  });

  it('is refused as a client, and sends nobody to a browser', async () => {
    stage.env['BUILD_CLIENT_SECRET'] = 'not-the-secret';
    const refused = await json('token', 'build', '--refresh');
    const login = await json('login', 'build');
    stage.env['BUILD_CLIENT_SECRET'] = secret;
    expect(refused.error).toMatchObject({ code: 'client_refused', exit_code: 11 });
    expect(refused.error.hint).not.toContain('vault login');
    expect(login.error).toMatchObject({ code: 'client_refused' });
    expect(await json('token', 'build', '--refresh')).toMatchObject({ account: 'build/ci' });
  });

  it('is given to another program, and asks for a mailbox where that needs one', async () => {
    const host = ['--for', 'git.example.com'];
    expect(await vault('connect', 'git', 'build', ...host, '--install')).toMatchObject({ exitCode: 0 });
    const asked = { stdin: 'protocol=https\nhost=git.example.com\n\n' };
    const { stdout } = await runVault(['helper', 'git', 'build/ci', ...host, 'get'], stage.home, asked);
    expect(stdout).toContain(`password=${(await vault('token', 'build')).stdout}`);
    expect(await vault('connect', 'git', 'build', '--remove')).toMatchObject({ exitCode: 0 });
    const mail = ['connect', 'msmtp', 'build', '--for', 'smtp.example.com'];
    expect((await json(...mail)).error).toMatchObject({
      code: 'usage',
      hint: 'vault connect msmtp build/ci --user NAME@example.com',
    });
    const [msmtp] = (await json(...mail, '--user', 'office@example.com')).changes;
    expect(msmtp.lines).toContain('user office@example.com');
  });

  it('is kept fresh by the agent, without its client secret in a question', async () => {
    const { server, home, env } = stage;
    const agent = await startAgent(home, [], { env });
    server.accessTokenLifetime = 1;
    const before = (await vault('token', 'build', '--refresh')).stdout;
    server.accessTokenLifetime = 3_600;
    await sleep(1_200);
    const { status, body } = await agent.curl('/token/build/ci');
    await agent.stop();
    expect([status, body.trim()]).toEqual([200, (await vault('token', 'build')).stdout.trim()]);
    expect(body.trim()).not.toBe(before.trim());
  });

  it('is not renewed by another grant than it was logged in with', async () => {
    const { grant, ...user } = build(stage.server);
    stage.home.configure({ keySource: 'file', providers: { build: user } });
    const before = tokenRequests();
    const refused = await json('token', 'build', '--refresh');
    stage.home.configure({ keySource: 'file', providers: { build: build(stage.server) } });
    expect([refused.error.code, tokenRequests()]).toEqual(['binding_changed', before]);
  });

  it('is revoked at the server, which is sent its access token', async () => {
    const token = (await vault('token', 'build')).stdout;
    expect(await json('revoke', 'build', '--yes')).toMatchObject({ results: [{ outcome: 'revoked' }] });
    expect(await introspected(token)).toEqual({ active: false });
    expect(await vault('audit', '--verify')).toMatchObject({ exitCode: 0 });
  });

  it('leaves no secret in output or files', () => {
    expect(stage.canaries.size).toBeGreaterThan(5);
    expect(stage.broken()).toEqual([]);
  });
});
