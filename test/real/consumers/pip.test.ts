import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type DemoStage, openDemoStage } from '../../harness/demo-stage.js';
import { type GuardedServer, startGuardedServer } from '../../harness/guarded-server.js';
import { needs } from '../../harness/parts.js';
import { runTool } from '../../harness/run-tool.js';

let stage: DemoStage;
let server: GuardedServer;
beforeEach(async (context) => {
  needs(context, 'pip', 'the built command line');
  stage = await openDemoStage();
  server = await startGuardedServer(stage.demo.endpoints.userinfo, {
    '/simple/foo/': () => '<a href="foo-1.0.tar.gz#sha256=0">foo-1.0.tar.gz</a>',
  });
  expect(await stage.logIn()).toMatchObject({ exitCode: 0 });
});
afterEach(async () => {
  await server.close();
  expect(await stage.close()).toEqual([]);
});

/** pip asks for the list of versions, and then fails because the package itself is not there. */
const download = () =>
  runTool(
    'pip3',
    [
      'download',
      '--no-deps',
      '--no-input',
      '--no-cache-dir',
      '--index-url',
      `http://oauth2@${server.host}/simple/`,
      'foo',
    ],
    {
      cwd: stage.home.home,
      env: {
        ...stage.home.env,
        PATH: `${join(stage.home.home, '.local', 'bin')}:${stage.home.env['PATH']}`,
        PIP_KEYRING_PROVIDER: 'subprocess',
        PIP_DISABLE_PIP_VERSION_CHECK: '1',
        PIP_RETRIES: '0',
      },
    },
  );

const connect = (host: string) => stage.vault(['connect', 'pip', 'demo', '--for', host, '--install']);

it('reads an index with connect --install as the only configuration', async () => {
  expect(await connect(server.host)).toMatchObject({ exitCode: 0 });
  expect((await download()).text).toContain('foo-1.0.tar.gz');
  expect(server.accepted).toContain('Basic');
});

it('gets no token for an index that was not connected', async () => {
  await connect('pypi.example.com');
  expect(await download()).not.toMatchObject({ exitCode: 0 });
  expect(server.accepted).toEqual([]);
});
