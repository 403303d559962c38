import { existsSync, readFileSync, statSync } from 'node:fs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type RunningAgent, startAgent } from '../../harness/agent.js';
import { type DemoStage, openDemoStage } from '../../harness/demo-stage.js';
import { needs } from '../../harness/parts.js';

let stage: DemoStage;
let agent: RunningAgent | null = null;
beforeEach(async (context) => {
  needs(context, 'the built command line');
  stage = await openDemoStage();
});
afterEach(async () => {
  await agent?.stop();
  agent = null;
  // The file is the one place with a token that is not sealed.
  await connect('--remove');
  expect(await stage.close()).toEqual([]);
});

const connect = (...more: string[]) => stage.vault(['connect', 'prometheus', 'demo', ...more]);

/** @returns the path of the file */
async function install(): Promise<string> {
  const { stdout } = await connect('--install', '--json');
  return JSON.parse(stdout).files[0].path;
}

it('writes a private file with the token, for credentials_file', async () => {
  await stage.logIn();
  const file = await install();
  expect(readFileSync(file, 'utf8')).toBe((await stage.vault(['token', 'demo'])).stdout.trim());
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect((await connect()).stdout).toContain(`credentials_file: "${file}"`);
});

it('has the agent replace the file when there is a new token', async () => {
  stage.demo.knobs.accessTokenLifetime = 400;
  await stage.logIn();
  const file = await install();
  const [before, { ino }] = [readFileSync(file, 'utf8'), statSync(file)];
  stage.demo.knobs.accessTokenLifetime = 3_600;
  // Its first check, at once, finds the token due.
  agent = await startAgent(stage.home, ['--ahead', '30m']);
  await expect.poll(() => readFileSync(file, 'utf8')).not.toBe(before);
  expect(readFileSync(file, 'utf8')).toBe((await stage.vault(['token', 'demo'])).stdout.trim());
  expect(statSync(file).ino).not.toBe(ino);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

it('removes the file with --remove, and the agent does not write it again', async () => {
  await stage.logIn();
  const file = await install();
  expect(await connect('--remove')).toMatchObject({ exitCode: 0 });
  agent = await startAgent(stage.home);
  await stage.vault(['token', 'demo', '--refresh']);
  await agent.stop();
  agent = null;
  expect(existsSync(file)).toBe(false);
});

it('writes and records nothing where a login is needed', async () => {
  await stage.logIn();
  stage.demo.endAllGrants();
  await stage.vault(['token', 'demo', '--refresh']);
  await stage.vault(['revoke', 'demo', '--local', '--yes']);
  expect(await connect('--install')).toMatchObject({ exitCode: 3, stdout: '' });
  expect((await stage.vault(['connect', '--json'])).stdout).not.toContain('ada@example.com');
});
