import {
  chmodSync,
  existsSync,
  lchownSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Scheduler } from '../../../src/system/schedulers/contract.js';
import { SCHEDULERS } from '../../../src/system/schedulers/index.js';
import { jobExample } from '../../doubles/job.js';
import { needs } from '../../harness/parts.js';
import { openSchedulerStage, type SchedulerStage } from '../../harness/scheduler-stage.js';

let stage: SchedulerStage;
let scheduler: Scheduler;
beforeEach(() => {
  stage = openSchedulerStage();
  scheduler = SCHEDULERS.systemd(stage.machine);
});
afterEach(() => stage.remove());

const STRANGER = 54_321;
const job = jobExample();
const SERVICE = 'token-vault-refresh.service';
const TIMER = 'token-vault-refresh.timer';
const unsafe = (what: RegExp) => ({ code: 'vault_permissions', message: expect.stringMatching(what) });

describe('a unit', () => {
  it('is written under an unpredictable name, and through no link', async () => {
    mkdirSync(stage.units, { recursive: true });
    const victim = join(stage.home, 'victim');
    writeFileSync(victim, 'untouched');
    symlinkSync(victim, join(stage.units, `${SERVICE}.new`));
    await scheduler.install(job);
    expect(readFileSync(victim, 'utf8')).toBe('untouched');
    expect(readFileSync(join(stage.units, SERVICE), 'utf8')).toBe(scheduler.plan(job).files[0]?.text);
    expect(readdirSync(stage.units).sort()).toEqual([SERVICE, `${SERVICE}.new`, TIMER]);
  });

  it('with a second name is not overwritten', async () => {
    await scheduler.install(job);
    linkSync(join(stage.units, TIMER), join(stage.home, 'second'));
    const later = jobExample({ times: { hours: [4], minutes: [5] } });
    await expect(scheduler.install(later)).rejects.toMatchObject(unsafe(/has a second name/));
  });

  it('does not change the mode of the user’s folder of units', async () => {
    mkdirSync(stage.units, { recursive: true });
    chmodSync(stage.units, 0o755);
    await scheduler.install(job);
    expect(statSync(stage.units).mode & 0o777).toBe(0o755);
  });

  it('is not written to a folder that others can write to, even behind a link', async () => {
    const open = join(stage.home, 'open');
    mkdirSync(open);
    chmodSync(open, 0o777);
    mkdirSync(join(stage.home, '.config'));
    symlinkSync(open, join(stage.home, '.config', 'systemd'));
    await expect(scheduler.install(job)).rejects.toMatchObject(unsafe(/open is writable by other users/));
    expect(readdirSync(open)).toEqual([]);
    expect(stage.systemctl()).not.toContain('--user daemon-reload');
  });

  it('is not removed through the folder of another user', async () => {
    await scheduler.install(job);
    const open = join(stage.home, 'open');
    mkdirSync(open);
    chmodSync(open, 0o777);
    writeFileSync(join(open, TIMER), '');
    symlinkSync(open, join(stage.units, 'timers.target.wants'));
    await expect(scheduler.uninstall(job)).rejects.toMatchObject(unsafe(/open is writable by other users/));
    expect(readdirSync(open)).toEqual([TIMER]);
  });

  it('that cannot be written is a failure of the scheduler, not of the vault', async () => {
    writeFileSync(join(stage.home, '.config'), '');
    await expect(scheduler.install(job)).rejects.toMatchObject({
      code: 'scheduler_failed',
      message: expect.stringMatching(/cannot be written: a part of its path is not a folder$/),
      hint: expect.stringContaining('ls -ld'),
    });
  });
});

describe('root with the home of another user, as with sudo -E', () => {
  beforeEach((context) => {
    needs(context, 'another user');
    lchownSync(stage.home, STRANGER, STRANGER);
  });

  it.each(['systemd', 'cron', 'launchd'] as const)('installs and removes nothing with %s', async (kind) => {
    const machine = { ...stage.machine, env: { ...stage.machine.env, XDG_CONFIG_HOME: '/nonexistent' } };
    const refusal = {
      code: 'vault_permissions',
      message: `HOME is ${stage.home}, which belongs to another user (id ${STRANGER})`,
      hint: expect.stringMatching(/\nsudo -u '#54321' -H vault schedule --install$/),
    };
    await expect(SCHEDULERS[kind](machine).install(job)).rejects.toMatchObject(refusal);
    await expect(SCHEDULERS[kind](machine).uninstall(job)).rejects.toMatchObject(refusal);
    expect(stage.crontab()).toBeNull();
    expect(stage.systemctl()).toEqual([]);
    expect(existsSync(stage.units)).toBe(false);
  });

  it('is refused the home of another user behind a link as well', async () => {
    const home = `${stage.home}.link`;
    symlinkSync(stage.home, home);
    try {
      await expect(SCHEDULERS.cron({ ...stage.machine, home }).install(job)).rejects.toMatchObject(
        unsafe(/belongs to another user \(id 54321\)/),
      );
    } finally {
      rmSync(home);
    }
  });
});

it('a service user with root’s home or none may have a crontab', async (context) => {
  needs(context, 'another user');
  for (const home of ['/', '/nonexistent']) {
    const { install, uninstall } = SCHEDULERS.cron({ ...stage.machine, uid: STRANGER, home });
    expect(await install(job)).toMatchObject({ active: true });
    expect(await uninstall(job)).toBe(true);
  }
});
