import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startAgent } from '../harness/agent.js';
import { type DemoStage, openDemoStage } from '../harness/demo-stage.js';
import { needs } from '../harness/parts.js';

let stage: DemoStage;
let account: string;
beforeEach(async () => {
  stage = await openDemoStage();
  account = (await stage.logIn()).stdout.trim();
  stage.tokenRequests();
});
afterEach(async () => {
  expect(await stage.close()).toEqual([]);
});

const stored = async () => (await stage.vault(['token', account])).stdout;
const refused = (stdin: string, env: Readonly<Record<string, string>> = {}) =>
  stage.vault(['token', account, '--refused', '-'], { stdin, env });

describe('vault token --refused -', () => {
  it('refreshes the token that is still stored, and no other', async () => {
    const first = await stored();
    const second = await refused(first);
    expect(second).toMatchObject({ exitCode: 0, stderr: '' });
    expect(second.stdout).not.toBe(first);
    expect(stage.tokenRequests()).toBe(1);
    expect(await refused(first)).toMatchObject({ exitCode: 0, stdout: second.stdout });
    expect(await stored()).toBe(second.stdout);
    expect(stage.tokenRequests()).toBe(0);
  });

  it('makes one refresh for programs that are refused at once', async () => {
    const first = await stored();
    const runs = await Promise.all([refused(first), refused(first), refused(first)]);
    expect(new Set(runs.map(({ stdout }) => stdout)).size).toBe(1);
    expect(runs[0]?.stdout).not.toBe(first);
    expect(stage.tokenRequests()).toBe(1);
  });

  it('works through the agent where only that has the key', async (context) => {
    needs(context, 'curl');
    const agent = await startAgent(stage.home);
    try {
      const first = await stored();
      const second = await refused(first, { VAULT_KEY_FILE: '/nowhere/but/with/the/agent' });
      expect(second).toMatchObject({ exitCode: 0, stderr: '' });
      expect(second.stdout).not.toBe(first);
      const digest = createHash('sha256').update(first.trim()).digest('hex');
      expect((await agent.curl(`/token/demo?refused=${digest}`)).body).toBe(second.stdout);
      expect(stage.tokenRequests()).toBe(1);
    } finally {
      await agent.stop();
    }
  });

  it.each([
    ['a token among the arguments', ['--refused', 'access-token-example'], '', '--refused takes only -'],
    ['--refresh besides', ['--refused', '-', '--refresh'], 'x', 'contradict each other'],
    ['nothing on stdin', ['--refused', '-'], '\n', 'nothing came on stdin'],
    ['two tokens on stdin', ['--refused', '-'], 'one\ntwo\n', 'more than one token'],
  ])('refuses %s, and does not repeat it', async (_, args, stdin, message) => {
    const run = await stage.vault(['token', account, ...args], { stdin });
    expect(run).toMatchObject({ exitCode: 2, stdout: '', stderr: expect.stringContaining(message) });
    expect(run.stderr).not.toContain('access-token-example');
    expect(stage.tokenRequests()).toBe(0);
  });
});

describe('vault token --format curl', () => {
  it('is a configuration with which curl sends the token', async (context) => {
    needs(context, 'curl');
    const { stdout: config } = await stage.vault(['token', account, '--format', 'curl']);
    const curl = promisify(execFile)('curl', ['-sS', '-K', '-', stage.demo.endpoints.userinfo]);
    curl.child.stdin?.end(config);
    expect(JSON.parse((await curl).stdout)).toMatchObject({ email: 'ada@example.com' });
  });
});
