import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type DemoStage, openDemoStage } from '../../harness/demo-stage.js';
import { needs } from '../../harness/parts.js';

/* Helpers whose protocols leave failures to the exit code. Nothing on stdout may be taken for a token. */

let stage: DemoStage;
beforeEach(async (context) => {
  needs(context, 'the built command line');
  stage = await openDemoStage();
});
afterEach(async () => {
  expect(await stage.close()).toEqual([]);
});

describe.each([['mcp'], ['rclone']])('vault helper %s', (tool) => {
  it('prints nothing and says why where there is no token', async () => {
    await stage.logIn();
    const ask = (account: string) => stage.vault(['helper', tool, account]);
    expect((await ask('demo')).stdout).not.toBe('');
    expect(await ask('nobody')).toMatchObject({ exitCode: 3, stdout: '' });
    const key = join(stage.home.vault, 'master.key');
    rmSync(key);
    const locked = await ask('demo');
    expect(locked).toMatchObject({ exitCode: 6, stdout: '', stderr: expect.stringContaining('hint: ') });
  });

  it('prints nothing and names the command where a login is needed', async () => {
    await stage.logInExpired();
    stage.demo.endAllGrants();
    const run = await stage.vault(['helper', tool, 'demo']);
    expect(run).toMatchObject({
      exitCode: 4,
      stdout: '',
      stderr: expect.stringContaining('vault login demo'),
    });
  });
});
