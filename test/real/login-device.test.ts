import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CliOptions, startVault } from '../harness/cli.js';
import { OIDC_PROVIDER } from '../harness/oidc-server.js';
import { type OidcStage, openOidcStage } from '../harness/oidc-stage.js';
import { signingInAs } from '../harness/oidc-walk.js';

let stage: OidcStage;
beforeAll(async () => {
  stage = await openOidcStage();
});
afterAll(() => stage.close());

const start = (args: readonly string[], options: CliOptions = {}) =>
  startVault(['login', OIDC_PROVIDER, ...args], stage.home, options);
const audited = () =>
  readFileSync(join(stage.home.vault, 'security.log'), 'utf8').trim().split('\n').at(-1) ?? '';

describe('a login by device code at a real authorization server', () => {
  it('prints the account, and its token works and can be refreshed', async () => {
    const login = start(['--device', '--json']);
    const complete = await login.stderrLine(/^http\S+\?user_code=/);
    const shown = await signingInAs('alice')(complete.trim());
    expect(shown).toMatchObject({ page: expect.stringContaining('Sign-in Success') });
    const run = await login.done;
    expect(run).toMatchObject({ exitCode: 0 });
    expect(JSON.parse(run.stdout)).toMatchObject({
      account: 'acme/alice@example.com',
      status: 'active',
      missing_scopes: [],
      has_refresh_token: true,
      created: true,
    });
    const token = (await stage.vault('token', '--refresh')).stdout.trim();
    const answer = await fetch(`${stage.server.issuer}/me`, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(await answer.json()).toMatchObject({ sub: 'alice' });
    const { consents } = await stage.json('show', 'acme');
    expect(consents).toMatchObject([{ how: 'device' }]);
  });

  it('ends at once with Ctrl-C, stores nothing and is recorded', async () => {
    const login = start(['--device']);
    const polls = stage.tokenRequests();
    await login.stderrLine(/^[A-Z]{4}-[A-Z]{4}$/);
    login.child.kill('SIGINT');
    expect(await login.done).toMatchObject({ exitCode: 130, stdout: '' });
    expect(stage.tokenRequests()).toBe(polls);
    expect(JSON.parse(audited())).toMatchObject({ event: 'login_failed', code: 'interrupted' });
    expect((await stage.json('list')).accounts).toHaveLength(1);
  });
});

describe('a login over ssh', () => {
  it('prints the tunnel to its port, and is completed through it', async () => {
    const env = { SSH_CONNECTION: '192.0.2.1 50000 192.0.2.7 22', USER: 'alice' };
    const login = start([], { env });
    const tunnel = await login.stderrLine(/^ {2}ssh /);
    const [, port, far] = /^ {2}ssh -N -L (\d+):127\.0\.0\.1:(\d+) alice@192\.0\.2\.7$/.exec(tunnel) ?? [];
    const url = new URL(await login.stderrLine(/^http\S+[?&]state=/));
    const comesBackTo = new URL(url.searchParams.get('redirect_uri') ?? '');
    expect([far, comesBackTo.port]).toEqual([port, port]);
    await signingInAs('alice')(url.href);
    const run = await login.done;
    expect(run).toMatchObject({ exitCode: 0, stdout: 'acme/alice@example.com\n' });
    expect(run.stderr).toContain(
      `log in with a short code on any device: vault login ${OIDC_PROVIDER} --device`,
    );
  });

  it('leaves no secret in output or files', () => {
    expect(stage.canaries.size).toBeGreaterThan(5);
    expect(stage.broken()).toEqual([]);
  });
});
