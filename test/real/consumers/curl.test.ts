import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { VAULT_JS } from '../../harness/cli.js';
import { type DemoStage, openDemoStage } from '../../harness/demo-stage.js';
import { needs } from '../../harness/parts.js';

let stage: DemoStage;
beforeEach(async (context) => {
  needs(context, 'the built command line');
  stage = await openDemoStage();
  expect(await stage.logIn()).toMatchObject({ exitCode: 0 });
});
afterEach(async () => {
  expect(await stage.close()).toEqual([]);
});

it('gets an answer with the line that vault connect curl shows', async () => {
  const url = stage.demo.endpoints.userinfo;
  const { stdout } = await stage.vault(['connect', 'curl', 'demo', '--for', url, '--json']);
  const [line] = JSON.parse(stdout).changes[0].lines;
  // `vault`, as it is typed.
  const folder = join(stage.home.root, 'bin');
  mkdirSync(folder);
  writeFileSync(join(folder, 'vault'), `#!/bin/sh\nexec '${process.execPath}' '${VAULT_JS}' "$@"\n`);
  chmodSync(join(folder, 'vault'), 0o755);
  const child = spawn('sh', ['-c', line], {
    env: { ...stage.home.env, PATH: `${folder}:${stage.home.env['PATH']}` },
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part) => (text += part));
  await once(child, 'close');
  expect(text).toContain('"email":"ada@example.com"');
});
