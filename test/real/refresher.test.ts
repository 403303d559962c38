import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { startVault } from '../harness/cli.js';
import { type DemoStage, openDemoStage } from '../harness/demo-stage.js';

const SETUP = { profile: null, envFile: null, width: 1, settings: {} };
const ADA = 'demo/ada@example.com';

let stage: DemoStage;
beforeEach(async () => {
  stage = await openDemoStage();
});
afterEach(async () => {
  expect(await stage.close()).toEqual([]);
});

it('a refresher that cannot start ends at once, although its stdin is still open', async () => {
  const env = { VAULT_HOME: 'not/absolute' };
  const refresher = startVault(['@refresher'], stage.home, { env });
  refresher.type(JSON.stringify(SETUP));
  expect(await refresher.done).toMatchObject({ exitCode: 2, signal: null, stdout: '' });
});

it('a refresher that is not needed leaves no file and no event', async () => {
  await stage.logIn([], { person: 'ada' });
  const trace = () =>
    readdirSync(stage.home.vault, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => [name, readFileSync(join(parentPath, name), 'latin1')]);
  const before = trace();
  expect((await stage.vault(['token', 'nobody', '--refresh'])).exitCode).toBe(3);
  expect((await stage.vault(['refresh', '--all', '--days', '0'])).exitCode).toBe(0);
  // What it needs to load and to see the end of its stdin.
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  expect(trace()).toEqual(before);
});

it('no process of a command that refreshed uses the folder after its end', async () => {
  await stage.logIn([], { person: 'ada' });
  const left = (folder: string) => readdirSync(join(stage.home.vault, folder));
  expect((await stage.vault(['token', ADA, '--refresh'])).exitCode).toBe(0);
  // The reserve for an answer, which the refresher takes away last.
  expect(left('spill')).toEqual([]);

  const file = join(stage.home.vault, 'vault.db');
  const opened = new Database(file);
  opened.prepare('UPDATE accounts SET refresh_token = substr(refresh_token, 1, 40)').run();
  opened.close();
  expect((await stage.vault(['token', ADA, '--refresh'])).exitCode).toBe(9);
  // The alarm, which waits beside the trail until it has been brought into it.
  expect(left('audit')).toEqual([]);
  const kept = readFileSync(file);
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(readFileSync(file).equals(kept)).toBe(true);
});
