import { mkdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type DemoStage, openDemoStage } from '../../harness/demo-stage.js';
import { type GuardedServer, startGuardedServer } from '../../harness/guarded-server.js';
import { needs } from '../../harness/parts.js';
import { runTool } from '../../harness/run-tool.js';

let stage: DemoStage;
let server: GuardedServer;
beforeEach(async (context) => {
  needs(context, 'cargo', 'the built command line');
  stage = await openDemoStage();
  server = await startGuardedServer(stage.demo.endpoints.userinfo, {
    '/index/config.json': (origin) => ({ dl: `${origin}/dl`, api: origin, 'auth-required': true }),
    '/index/3/f/foo': () => ({
      name: 'foo',
      vers: '1.0.0',
      deps: [],
      cksum: '0'.repeat(64),
      features: {},
      yanked: false,
    }),
  });
  expect(await stage.logIn()).toMatchObject({ exitCode: 0 });
  const project = join(stage.home.home, 'p');
  mkdirSync(join(project, 'src'), { recursive: true });
  mkdirSync(join(project, '.cargo'));
  writeFileSync(join(project, 'src', 'lib.rs'), '');
  writeFileSync(
    join(project, 'Cargo.toml'),
    '[package]\nname = "p"\nversion = "0.1.0"\n\n[dependencies]\nfoo = { version = "1", registry = "mine" }\n',
  );
  writeFileSync(
    join(project, '.cargo', 'config.toml'),
    `[registries.mine]\nindex = "sparse+http://${server.host}/index/"\n`,
  );
});
afterEach(async () => {
  await server.close();
  expect(await stage.close()).toEqual([]);
});

const resolve = () =>
  runTool('cargo', ['generate-lockfile'], {
    cwd: join(stage.home.home, 'p'),
    // Where cargo belongs to rustup, its versions are in the home of the user who runs the tests.
    env: { ...stage.home.env, RUSTUP_HOME: process.env['RUSTUP_HOME'] ?? join(homedir(), '.rustup') },
  });

const connect = (host: string) => stage.vault(['connect', 'cargo', 'demo', '--for', host, '--install']);

it('reads a registry with connect --install as the only configuration', async () => {
  expect(await connect(server.host)).toMatchObject({ exitCode: 0 });
  expect(await resolve()).toEqual({ exitCode: 0, text: expect.anything() });
  expect(server.accepted).toContain('Bearer');
});

it('gets no token for a registry that was not connected', async () => {
  await connect('cargo.example.com');
  expect((await resolve()).exitCode).not.toBe(0);
  expect(server.seen.join()).toBe('');
});
