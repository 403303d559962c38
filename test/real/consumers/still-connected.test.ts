import { afterEach, beforeEach, expect, it } from 'vitest';
import { type DemoStage, openDemoStage } from '../../harness/demo-stage.js';
import { needs } from '../../harness/parts.js';

const OLD = 'demo/ada@example.com';
const HINT = `vault connect git ${OLD} --for git.example.com --remove`;

let stage: DemoStage;
beforeEach(async (context) => {
  needs(context, 'the built command line');
  stage = await openDemoStage();
  await stage.logIn();
  await stage.vault(['connect', 'git', 'demo', '--for', 'git.example.com', '--install']);
});
afterEach(async () => {
  expect(await stage.close()).toEqual([]);
});

it.each([
  ['revoke', [['revoke', 'demo', '--yes']]],
  ['rename --no-alias', [['rename', OLD, 'work', '--no-alias']]],
  [
    'rename --remove-alias',
    [
      ['rename', OLD, 'work'],
      ['rename', '--remove-alias', OLD],
    ],
  ],
  [
    'revoke of an account that has another name now',
    [
      ['rename', OLD, 'work'],
      ['revoke', 'demo', '--yes'],
    ],
  ],
])('vault %s names the programs that get no token any more', async (_, commands) => {
  const said: string[] = [];
  for (const command of commands) said.push((await stage.vault(command)).stderr);
  expect(said.at(-1)).toContain(`git still asks for ${OLD}, and gets no token\nhint: ${HINT}\n`);
  expect(said.slice(0, -1).join('')).not.toContain('still asks');
  expect((await stage.vault(['connect'])).stdout).toContain(`${OLD} (git.example.com; no such account)`);
  expect(await stage.vault(HINT.split(' ').slice(1))).toMatchObject({ exitCode: 0 });
  expect((await stage.vault(['connect'])).stdout).not.toContain('example.com');
});

it('vault connect --json says that the account exists', async () => {
  const { stdout } = await stage.vault(['connect', '--json']);
  const [git] = JSON.parse(stdout).tools;
  expect(git.connections).toEqual([{ account: OLD, for: 'git.example.com', exists: true }]);
});
