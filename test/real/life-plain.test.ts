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
    await stage.vault(['token', 'demo', '--refresh']),
    await stage.vault(['revoke', 'demo', '--yes']),
  ];
  expect(runs[0]?.stdout).toBe('demo/ada@example.com\n');
  expect(new Set(runs.slice(1, 4).map(({ stdout }) => stdout)).size).toBe(3);
  return runs.map(({ exitCode }) => exitCode);
}

describe('a server that is not OpenID Connect, by configuration only', () => {
  it('serves a public client: endpoints, no discovery, the identity from userinfo', async () => {
    const stage = await stageOf({});
    expect(await live(stage)).toEqual([0, 0, 0, 0, 0]);
    expect(stage.demo.requests.metadata).toBe(0);
    expect(stage.demo.log.filter(({ kind }) => kind === 'revoked')).toHaveLength(1);
  });

  it.each([
    ['JSON bodies and a raw Basic header', { clientAuth: 'basic-raw', tokenBody: 'json' }],
    ['JSON, for revocation too', { clientAuth: 'basic-raw', tokenBody: 'json', revocation: 'json' }],
    ['an encoded Basic header', { clientAuth: 'basic', tokenBody: 'form' }],
    ['the secret in the body', { clientAuth: 'post', tokenBody: 'form' }],
  ] as const)('serves a client with a secret: %s', async (_, way) => {
    const stage = await stageOf(way, way);
    stage.set({ clientSecret: stage.demo.client.secret });
    expect(await live(stage)).toEqual([0, 0, 0, 0, 0]);
  });

  it('serves a client when answers are form-encoded and say no lifetime and no scopes', async () => {
    const stage = await stageOf({ knobs: { tokenAnswer: 'form', omitMembers: ['expires_in', 'scope'] } });
    expect(await live(stage)).toEqual([0, 0, 0, 0, 0]);
  });

  it('serves a client without PKCE where the configuration turns it off', async () => {
    const stage = await stageOf({ pkce: 'optional' }, { pkce: false });
    expect(await live(stage)).toEqual([0, 0, 0, 0, 0]);
  });

  it('is told apart from a wrong client: no login is suggested for that', async () => {
    const stage = await stageOf({});
    await stage.logIn();
    stage.set({ clientAuth: 'post', clientSecret: 'wrong-example' });
    const refused = await stage.vault(['token', 'demo', '--refresh']);
    expect(refused).toMatchObject({ exitCode: 11, stdout: '' });
    expect(refused.stderr).not.toMatch(/vault login/);
  });
});
