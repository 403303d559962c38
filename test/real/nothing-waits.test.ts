import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type DemoStage, openDemoStage } from '../harness/demo-stage.js';

const TIMERS = fileURLToPath(new URL('../harness/timers.cjs', import.meta.url));

/** In ms: the first pauses of a reader or a lock that meets another process. They end at once when nobody is there. */
const FIRST_PAUSES = 10;

interface Timer {
  /** The first argument of the process that set it. */
  readonly process: string;
  readonly what: string;
  readonly milliseconds: number;
}

/*
 * A timer that is set may be a deadline. One that ends by itself is a wait: nothing but another process may be waited for.
 */
describe('nothing waits on purpose', () => {
  let stage: DemoStage;
  let account: string;
  beforeEach(async () => {
    stage = await openDemoStage();
    account = (await stage.logIn()).stdout.trim();
  });
  afterEach(async () => {
    expect(await stage.close()).toEqual([]);
  });

  async function timersOf(...args: readonly string[]): Promise<readonly Timer[]> {
    const run = await stage.vault(args, { under: [process.execPath, TIMERS] });
    expect(run).toMatchObject({ exitCode: 0 });
    const lines = readFileSync(join(stage.home.home, 'timers'), 'utf8').trim().split('\n');
    return lines.map((line) => {
      const [process = '', what = '', milliseconds] = line.split(' ');
      return { process, what, milliseconds: Number(milliseconds) };
    });
  }

  const waits = (timers: readonly Timer[]) =>
    timers.filter(({ what, milliseconds }) => what === 'ended' && milliseconds > FIRST_PAUSES);
  const processes = (timers: readonly Timer[]) =>
    timers.filter(({ what }) => what === 'started').map(({ process }) => process);

  it('for a valid token: no timer is set', async () => {
    const timers = await timersOf('token', account);
    expect(timers).toEqual([{ process: 'token', what: 'started', milliseconds: 0 }]);
  });

  it('for a refresh: no timer ends, in the command and in the refresher', async () => {
    const timers = await timersOf('token', account, '--refresh');
    expect(processes(timers)).toEqual(['token', '@refresher']);
    expect(waits(timers)).toEqual([]);
  });

  it('for a refresh of all accounts: no timer ends either', async () => {
    const timers = await timersOf('refresh', '--all', '--force');
    expect(processes(timers)).toEqual(['refresh', '@refresher']);
    expect(waits(timers)).toEqual([]);
  });
});
