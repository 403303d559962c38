import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { VAULT_JS } from '../../harness/cli.js';
import { type DemoStage, openDemoStage } from '../../harness/demo-stage.js';
import { type GuardedServer, startGuardedServer } from '../../harness/guarded-server.js';
import { needs } from '../../harness/parts.js';
import { runTool } from '../../harness/run-tool.js';

let stage: DemoStage;
let server: GuardedServer;
beforeEach(async (context) => {
  needs(context, 'the built command line');
  stage = await openDemoStage();
  server = await startGuardedServer(stage.demo.endpoints.userinfo, {
    '/private/foo': () => ({
      name: 'foo',
      'dist-tags': { latest: '1.0.0' },
      versions: { '1.0.0': { name: 'foo', version: '1.0.0' } },
    }),
  });
  expect(await stage.logIn()).toMatchObject({ exitCode: 0 });
});
afterEach(async () => {
  await server.close();
  expect(await stage.close()).toEqual([]);
});

const settings = () => join(stage.home.home, '.npmrc');
const connect = (tool: string, ...more: string[]) =>
  stage.vault(['connect', tool, 'demo', '--for', `http://${server.host}/private`, ...more]);
const run = (program: string, ...args: string[]) =>
  runTool(program, args, { cwd: stage.home.home, env: stage.home.env });

it('npm reads a registry with connect --install and vault exec', async () => {
  expect(await connect('npm', '--install')).toMatchObject({ exitCode: 0 });
  const words = ['npm', 'view', 'foo', 'version', '--registry', `http://${server.host}/private/`];
  const exec = ['exec', 'demo', '--env', 'NPM_TOKEN', '--', ...words];
  expect(await run(process.execPath, VAULT_JS, ...exec)).toMatchObject({
    exitCode: 0,
    text: expect.stringContaining('1.0.0'),
  });
  expect(server.accepted).toContain('Bearer');
});

it('the program that pnpm runs without arguments prints the whole header', async () => {
  expect(await connect('pnpm', '--install')).toMatchObject({ exitCode: 0 });
  const [, helper = ''] = /:tokenHelper=(\/.+)/.exec(readFileSync(settings(), 'utf8')) ?? [];
  const token = (await stage.vault(['token'])).stdout.trim();
  expect(await run(helper)).toEqual({ exitCode: 0, text: `Bearer ${token}` });
});

it.each([
  ['npm', null],
  ['npm', 'fund=false'],
  ['pnpm', null],
  ['pnpm', 'fund=false\n'],
])('connect %s leaves %j byte for byte as it was after --remove', async (tool, text) => {
  if (text !== null) writeFileSync(settings(), text);
  await connect(tool, '--install');
  expect(readFileSync(settings(), 'utf8')).toContain(`//${server.host}/private/:`);
  await connect(tool, '--remove');
  expect(existsSync(settings()) ? readFileSync(settings(), 'utf8') : null).toBe(text);
});

it('leaves a registry alone that has a token already', async () => {
  writeFileSync(settings(), `//${server.host}/private/:_authToken=x\n`);
  expect(await connect('npm', '--install')).toMatchObject({ exitCode: 2 });
  expect(readFileSync(settings(), 'utf8')).toBe(`//${server.host}/private/:_authToken=x\n`);
});
