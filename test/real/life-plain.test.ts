import { afterEach, describe, expect, it } from 'vitest';
import type { DemoOptions } from '../../src/demo/contract.js';
import { type DemoStage, openDemoStage } from '../harness/demo-stage.js';

const open: DemoStage[] = [];
afterEach(async () => {
  for (const stage of open.splice(0)) expect(await stage.close()).toEqual([]);
});

async function stageOf(server: DemoOptions, provider: Record<string, unknown> = {}): Promise<DemoStage> {
  const stage = await openDemoStage({ server: { plain: true, ...server }, provider });
  open.push(stage);
  return stage;
}

/** From the login to the revocation; @returns exit codes on the way */
async function live(stage: DemoStage): Promise<(number | null)[]> {
  const runs = [
    await stage.logIn(),
    await stage.vault(['token', 'demo']),
    await stage.vault(['token', 'demo', '--refresh']),
    await stage.vault(['revoke', 'demo', '--yes']),
  ];
  expect(runs[0]?.stdout).toBe('demo/ada@example.com\n');
  expect(new Set(runs.slice(1, 3).map(({ stdout }) => stdout)).size).toBe(2);
  return runs.map(({ exitCode }) => exitCode);
}

describe('a server that is not OpenID Connect, by configuration only', () => {
  it('serves a public client: endpoints, no discovery, the identity from userinfo', async () => {
    const stage = await stageOf({});
    expect(await live(stage)).toEqual([0, 0, 0, 0]);
    expect(stage.demo.requests.metadata).toBe(0);
    expect(stage.demo.log.filter(({ kind }) => kind === 'revoked')).toHaveLength(1);
  });

  it.each<[string, DemoOptions, Record<string, unknown>]>([
    [
      'JSON bodies, for revocation too, and a raw Basic header',
      { clientAuth: 'basic-raw', tokenBody: 'json' },
      { clientAuth: 'basic-raw', tokenBody: 'json', revocation: 'json' },
    ],
    [
      'an encoded Basic header, and form-encoded answers that say no lifetime and no scopes',
      { clientAuth: 'basic', knobs: { tokenAnswer: 'form', omitMembers: ['expires_in', 'scope'] } },
      { clientAuth: 'basic', tokenBody: 'form' },
    ],
    [
      'the secret in the body, and no PKCE where the configuration turns it off',
      { clientAuth: 'post', pkce: 'optional' },
      { clientAuth: 'post', tokenBody: 'form', pkce: false },
    ],
  ])('serves a client with a secret: %s', async (_, server, provider) => {
    const stage = await stageOf(server, provider);
    stage.set({ clientSecret: stage.demo.client.secret });
    expect(await live(stage)).toEqual([0, 0, 0, 0]);
  });

  it('does not suggest a login for a wrong client', async () => {
    const stage = await stageOf({});
    await stage.logIn();
    stage.set({ clientAuth: 'post', clientSecret: 'wrong-example' });
    const refused = await stage.vault(['token', 'demo', '--refresh']);
    expect(refused).toMatchObject({ exitCode: 11, stdout: '' });
    expect(refused.stderr).not.toMatch(/vault login/);
  });
});
