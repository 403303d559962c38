import { afterEach, beforeEach, expect, it } from 'vitest';
import { VAULT_JS } from '../../harness/cli.js';
import { type DemoStage, openDemoStage } from '../../harness/demo-stage.js';
import { needs } from '../../harness/parts.js';
import { runTool } from '../../harness/run-tool.js';

let stage: DemoStage;
beforeEach(async (context) => {
  needs(context, 'the built command line');
  stage = await openDemoStage();
  expect(await stage.logIn()).toMatchObject({ exitCode: 0 });
  await stage.vault(['connect', 'go', 'demo', '--for', 'go.example.com', '--install']);
  stage.tokenRequests();
});
afterEach(async () => {
  expect(await stage.close()).toEqual([]);
});

const ask = `'${process.execPath}' '${VAULT_JS}' helper go get`;
const url = 'https://go.example.com/m/@v/list';
const REFUSED = `printf 'HTTP/2.0 401 Unauthorized\\n\\n' | ${ask} ${url}`;

/** The tokens that one process gets that runs all of this. */
async function inOneProcess(...commands: string[]): Promise<string[]> {
  const { text } = await runTool('sh', ['-c', `${commands.join('; ')}; :`], {
    cwd: stage.home.home,
    env: stage.home.env,
  });
  return [...text.matchAll(/^Authorization: Bearer (.+)$/gm)].map(([, token = '']) => token);
}

it('gives another token after a 401, once per process', async () => {
  const [first, second, third] = await inOneProcess(ask, REFUSED, REFUSED);
  expect(second).not.toBe(first);
  expect(third).toBe(second);
  expect(stage.tokenRequests()).toBe(1);
});

it('refreshes nothing for a module that is not there', async () => {
  const [first, second] = await inOneProcess(ask, REFUSED.replace('401 Unauthorized', '404 Not Found'));
  expect(second).toBe(first);
  expect(stage.tokenRequests()).toBe(0);
});

it('prints the token of one account where another needs a login', async () => {
  await stage.logIn(['--as', 'work'], { person: 'grace' });
  await stage.vault(['connect', 'go', 'demo/work', '--for', 'other.example.com', '--install']);
  await stage.vault(['revoke', 'demo/work', '--yes']);
  const run = await stage.vault(['helper', 'go', 'get']);
  expect(run).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('demo/work') });
  expect(run.stdout).toMatch(/^https:\/\/go\.example\.com\n\nAuthorization: Bearer \S+\n\n$/);
});
