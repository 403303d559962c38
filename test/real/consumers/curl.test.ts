import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
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
});
afterEach(async () => {
  expect(await stage.close()).toEqual([]);
});

/** In a user's shell, in which `vault` is this program. */
async function typed(tool: string) {
  const url = stage.demo.endpoints.userinfo;
  const { stdout } = await stage.vault(['connect', tool, 'demo', '--for', url, '--json']);
  const [line] = JSON.parse(stdout).changes[0].lines;
  const folder = join(stage.home.root, 'bin');
  mkdirSync(folder);
  writeFileSync(join(folder, 'vault'), `#!/bin/sh\nexec '${process.execPath}' '${VAULT_JS}' "$@"\n`);
  chmodSync(join(folder, 'vault'), 0o755);
  const env = { ...stage.home.env, PATH: `${folder}:${stage.home.env['PATH']}` };
  return runTool('bash', ['-c', line], { cwd: stage.home.home, env });
}

it('curl gets an answer with the line that vault connect curl shows', async (context) => {
  needs(context, 'curl');
  expect((await typed('curl')).text).toContain('"email":"ada@example.com"');
});

it('wget gets an answer with the line that vault connect http shows', async (context) => {
  needs(context, 'wget');
  const { exitCode, text } = await typed('http');
  expect([exitCode, text]).toEqual([0, expect.any(String)]);
  expect(readFileSync(join(stage.home.home, 'userinfo'), 'utf8')).toContain('"email":"ada@example.com"');
});
