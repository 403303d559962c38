import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Scheduler } from '../../../src/system/schedulers/contract.js';
import { systemd } from '../../../src/system/schedulers/systemd.js';
import { jobExample } from '../../doubles/job.js';
import { openSchedulerStage, type SchedulerStage } from '../../harness/scheduler-stage.js';

let stage: SchedulerStage;
let scheduler: Scheduler;
beforeEach(() => {
  stage = openSchedulerStage();
  scheduler = systemd(stage.machine);
});
afterEach(() => stage.remove());

const job = jobExample();
const SERVICE = 'token-vault-refresh.service';
const TIMER = 'token-vault-refresh.timer';

describe("the user's service manager", () => {
  it('gets the units, and starts the timer', async () => {
    expect(await scheduler.install(job)).toMatchObject({ changed: true, active: true });
    for (const { path, text } of scheduler.plan(job).files) {
      expect(readFileSync(path, 'utf8')).toBe(text);
      expect(statSync(path).mode & 0o077).toBe(0);
    }
    expect(stage.systemctl()).toEqual([
      '--user show-environment',
      '--user daemon-reload',
      `--user enable --now ${TIMER}`,
    ]);
  });

  it('gets them again, without a restart of unchanged ones', async () => {
    await scheduler.install(job);
    expect(await scheduler.install(job)).toMatchObject({ changed: false, active: true });
    const restart = `--user try-restart ${TIMER}`;
    expect(stage.systemctl()).not.toContain(restart);
    const later = jobExample({ times: { hours: [4], minutes: [5] } });
    expect(await scheduler.install(later)).toMatchObject({ changed: true });
    expect(stage.systemctl().at(-1)).toBe(restart);
  });

  it('starts the agent itself', async () => {
    await scheduler.install(jobExample({ purpose: 'agent', name: 'token-vault-agent', times: null }));
    expect(stage.systemctl().at(-1)).toBe('--user enable --now token-vault-agent.service');
    expect(readdirSync(stage.units)).toEqual(['token-vault-agent.service']);
  });

  it('that does not answer keeps the units, and the rest is printed', async () => {
    stage.failSystemctl('');
    expect(await scheduler.available()).toBe(false);
    expect(await scheduler.install(job)).toMatchObject({ changed: true, active: false });
    expect(readdirSync(stage.units)).toEqual([SERVICE, TIMER]);
    expect(scheduler.plan(job).commands).toEqual([
      'systemctl --user daemon-reload',
      `systemctl --user enable --now ${TIMER}`,
    ]);
  });

  it('that refuses causes a hint where to look', async () => {
    stage.failSystemctl('enable');
    await expect(scheduler.install(job)).rejects.toMatchObject({
      code: 'scheduler_failed',
      hint: `see why: systemctl --user status ${TIMER}`,
    });
  });

  it('loses all of it on removal', async () => {
    await scheduler.install(job);
    // As `enable` makes it.
    mkdirSync(join(stage.units, 'timers.target.wants'));
    symlinkSync(`../${TIMER}`, join(stage.units, 'timers.target.wants', TIMER));
    expect(await scheduler.uninstall(job)).toBe(true);
    expect(readdirSync(stage.units, { recursive: true })).toEqual(['timers.target.wants']);
    expect(stage.systemctl().slice(-2)).toEqual([
      `--user disable --now ${TIMER} ${SERVICE}`,
      '--user daemon-reload',
    ]);
    expect(await scheduler.uninstall(job)).toBe(false);
  });

  it.each([
    ["somebody's own", '[Service]\nExecStart=/bin/true\n'],
    ["another vault's", '# token-vault refresh: /srv/other\n'],
  ])('keeps a unit that is %s', async (_, text) => {
    mkdirSync(stage.units, { recursive: true });
    const path = join(stage.units, TIMER);
    writeFileSync(path, text);
    const refusal = { code: 'config_invalid', hint: expect.stringContaining(`mv ${path} ${path}.mine`) };
    await expect(scheduler.install(job)).rejects.toMatchObject(refusal);
    expect(await scheduler.uninstall(job)).toBe(false);
    expect(readdirSync(stage.units)).toEqual([TIMER]);
    expect(readFileSync(path, 'utf8')).toBe(text);
  });

  it('keeps a link, wherever it leads', async () => {
    await scheduler.install(job);
    const path = join(stage.units, TIMER);
    const elsewhere = join(stage.home, 'dotfiles.timer');
    writeFileSync(elsewhere, readFileSync(path));
    await scheduler.uninstall(job);
    symlinkSync(elsewhere, path);
    await expect(scheduler.install(job)).rejects.toMatchObject({ code: 'config_invalid' });
  });

  it('has its units where XDG_CONFIG_HOME says, if that is absolute', () => {
    const at = (folder: string) =>
      systemd({ ...stage.machine, env: { XDG_CONFIG_HOME: folder } }).plan(job).files[0]?.path;
    expect(at('/srv/config')).toBe(`/srv/config/systemd/user/${SERVICE}`);
    expect(at('config')).toBe(join(stage.units, SERVICE));
  });

  it('is found without XDG_RUNTIME_DIR, as after su', async () => {
    const seen: unknown[] = [];
    const machine = {
      ...stage.machine,
      uid: 4711,
      run: async (...[, , options]: Parameters<typeof stage.machine.run>) => {
        seen.push(options?.env);
        return { kind: 'timed_out' } as const;
      },
    };
    await systemd(machine).available();
    await systemd({ ...machine, env: { XDG_RUNTIME_DIR: '/run/mine' } }).available();
    expect(seen).toEqual([{ XDG_RUNTIME_DIR: '/run/user/4711' }, {}]);
  });
});
