import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Scheduler } from '../../../src/system/schedulers/contract.js';
import { cron, crontabBlock } from '../../../src/system/schedulers/cron.js';
import { jobExample } from '../../doubles/job.js';
import { openSchedulerStage, type SchedulerStage } from '../../harness/scheduler-stage.js';

let stage: SchedulerStage;
let scheduler: Scheduler;
beforeEach(() => {
  stage = openSchedulerStage();
  scheduler = cron(stage.machine);
});
afterEach(() => stage.remove());

const job = jobExample();
/** Bytes that are no text in UTF-8 are somebody's, too. */
const OTHERS = '# \xe4\xff mine\n0 1 * * * backup # \r\n\n';

describe("the user's crontab", () => {
  it('gets the lines once, even if there was none before', async () => {
    expect(await scheduler.install(job)).toMatchObject({ changed: true, active: true });
    expect(stage.crontab()).toBe(crontabBlock(job));
    expect(await scheduler.install(job)).toMatchObject({ changed: false, active: true });
    expect(stage.crontab()).toBe(crontabBlock(job));
  });

  it('keeps every byte that is not ours, and is restored when they are removed', async () => {
    stage.writeCrontab(OTHERS);
    await scheduler.install(job);
    expect(stage.crontab()).toBe(OTHERS + crontabBlock(job));
    expect(await scheduler.uninstall(job)).toBe(true);
    expect(stage.crontab()).toBe(OTHERS);
    expect(await scheduler.uninstall(job)).toBe(false);
  });

  it.each([
    ['crontab: you are not allowed to use this program', 'this user is not allowed to have a crontab'],
    ['crontab: tmp/tmp.1: read-only file system', 'the crontab could not be read'],
  ])('is not overwritten if it cannot be read: %s', async (words, message) => {
    stage.writeCrontab(OTHERS);
    stage.refuseCrontab(words);
    await expect(scheduler.install(job)).rejects.toMatchObject({ code: 'scheduler_failed', message });
    expect(stage.crontab()).toBe(OTHERS);
  });

  it('says how to start a job at once that outlives the terminal', async () => {
    const command = ['/usr/bin/node', '/opt/my vault.js', '--profile', 'work', 'agent', '--quiet'] as const;
    const { notes } = await scheduler.install(jobExample({ purpose: 'agent', times: null, command }));
    expect(notes.at(-1)).toContain(
      "to start it now: (/usr/bin/node '/opt/my vault.js' --profile work agent --quiet >/dev/null 2>&1 &)",
    );
  });

  it('is missing without the program', async () => {
    expect(await scheduler.available()).toBe(true);
    const nowhere = { ...stage.machine, run: async () => ({ kind: 'not_started', code: 'ENOENT' }) as const };
    const bare = cron(nowhere);
    expect(await bare.available()).toBe(false);
    await expect(bare.install(job)).rejects.toMatchObject({
      message: 'there is no crontab program on this machine',
    });
  });
});
