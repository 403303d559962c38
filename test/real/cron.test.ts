import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { type DemoStage, openDemoStage } from '../harness/demo-stage.js';
import { makeOrdinaryUser, type OrdinaryUser, startCron } from '../harness/ordinary-user.js';
import { needs } from '../harness/parts.js';

let stage: DemoStage;
let user: OrdinaryUser | null = null;
let cron: ReturnType<typeof startCron> | null = null;
afterEach(async () => {
  await cron?.stop();
  user?.remove();
  expect(await stage?.close()).toEqual([]);
});

/** Milliseconds; if some other cron runs on this machine, that one is waited for. */
const NEXT_MINUTE = 75_000;

it('a real cron daemon refreshes the tokens of an ordinary user', async (context) => {
  needs(context, 'cron', 'faketime', 'root');
  stage = await openDemoStage();
  const account = await stage.logInExpired();
  const before = stage.demo.requests.token;
  const alice = makeOrdinaryUser(stage.home);
  user = alice;

  const others = `# mine: \xe4\n@yearly true\n* * * * * env > ${join(stage.home.home, 'environment')}\n`;
  alice.writeCrontab(others);
  const install = ['schedule', '--install', '--kind', 'cron', '--every', '1m'];
  expect(await alice.vault(install)).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining('* * * * *'),
  });
  cron = startCron();

  const installed = alice.crontab();
  expect(installed.startsWith(others)).toBe(true);
  expect(JSON.parse((await alice.vault([...install, '--json'])).stdout)).toMatchObject({
    installed: true,
    changed: false,
  });
  expect(alice.crontab()).toBe(installed);
  const { stdout: shown } = await alice.vault(['schedule', '--kind', 'cron', '--every', '1m']);
  expect(installed).toBe(others + shown);

  await vi.waitFor(() => expect(stage.demo.requests.token).toBeGreaterThan(before), NEXT_MINUTE);
  await vi.waitFor(async () => {
    const { accounts } = JSON.parse((await alice.vault(['list', '--json'])).stdout);
    expect(accounts).toMatchObject([{ account, status: 'active', last_refresh_at: expect.any(String) }]);
  }, 20_000);
  expect(await alice.vault(['token', account])).toMatchObject({ exitCode: 0, stderr: '' });

  const environment = readFileSync(join(stage.home.home, 'environment'), 'utf8');
  expect(environment).toContain(`LOGNAME=${alice.name}\n`);
  expect(environment).not.toMatch(/^(?:VAULT_|XDG_|DBUS_|LANG=C)/m);
  const log = readFileSync(join(stage.home.vault, 'security.log'), 'utf8');
  expect(log).toMatch(new RegExp(`"uid":${alice.uid},[^\n]*"event":"refreshed"`));

  expect(await alice.vault(['schedule', '--uninstall'])).toMatchObject({ exitCode: 0, stdout: '' });
  expect(alice.crontab()).toBe(others);
});
