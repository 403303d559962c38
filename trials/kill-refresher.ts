import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { slow } from '../test/doubles/demo-faults.js';
import type { CliRun } from '../test/harness/cli.js';
import { endProcess, isRefresher, quiet, refresherOf } from './room/processes.js';
import type { Random } from './room/random.js';
import { median } from './room/rounds.js';
import { openStage, type Stage } from './room/stage.js';

/** Milliseconds the server takes at most, so that many kills find a request under way. */
const SLOWEST = 30;
const CUT_OFF = /ended early/;

/** A stage, and how long a refresher lives there when nobody kills it. */
export interface Killing {
  readonly stage: Stage;
  /** Milliseconds. */
  readonly life: number;
}

/** What became of one round. */
export interface Killed {
  /** How the command that had asked ended. */
  readonly asker: CliRun;
  /** The account's generation before. */
  readonly generation: number;
  /** Whether the server had handed out the next refresh token, or did so later. */
  readonly rotated: boolean;
  /** False when the refresher had done its work before. */
  readonly hit: boolean;
  /** A sentence when the command told something else than what happened. */
  readonly unexplained: string | null;
}

/** @param grace seconds in which the server still takes the token before */
export async function openKilling(grace: number): Promise<Killing> {
  const stage = await openStage({ server: { knobs: { reuseGrace: grace } } });
  const lives: number[] = [];
  for (let run = 0; run < 3; run += 1) {
    const asker = stage.start(['token', stage.account, '--refresh']);
    const pid = await started(asker.child);
    const begun = Date.now();
    while (pid !== null && isRefresher(pid)) await sleep(1);
    lives.push(Date.now() - begun);
    await asker.done;
  }
  return { stage, life: median(lives) };
}

/** Kills the refresher of one `vault token` at a random moment of its life; tries again when that came too late. */
export async function killOnce(killing: Killing, random: Random): Promise<Killed> {
  for (;;) {
    const killed = await tryToKill(killing, random);
    if (killed.hit || killed.unexplained !== null) return killed;
  }
}

async function tryToKill({ stage, life }: Killing, random: Random): Promise<Killed> {
  const { generation } = await stage.stored();
  stage.demo.next('token', slow('after', random.below(SLOWEST)));
  stage.events();
  const asker = stage.start(['token', stage.account, '--refresh']);
  const pid = await started(asker.child);
  await sleep(random.below(life));
  const hit = pid !== null && isRefresher(pid) && endProcess(pid, 'SIGKILL');
  const run = await asker.done;
  await quiet(stage.home);
  const rotated = stage.events().some(({ kind }) => kind === 'rotated');
  const plain = run.exitCode === 0 || (hit && run.exitCode === 5 && CUT_OFF.test(run.stderr));
  return { asker: run, generation, rotated, hit, unexplained: plain ? null : run.stderr.trim() };
}

function started(child: ChildProcess): Promise<number | null> {
  return refresherOf(child.pid ?? 0, () => child.exitCode !== null || child.signalCode !== null);
}
