import { setTimeout as sleep } from 'node:timers/promises';
import { slow } from '../test/doubles/demo-faults.js';
import type { CliProcess } from '../test/harness/cli.js';
import type { Trial } from './contract.js';
import { endProcess, quiet, refresherOf } from './room/processes.js';
import type { Random } from './room/random.js';
import { median, type Tally, tally } from './room/rounds.js';
import { openStage, type Stage, told } from './room/stage.js';

/** Milliseconds for which the server holds back its answer to whoever is going to be killed. */
const HELD = 5_000;

export interface HolderOptions {
  /** Milliseconds within which the next one must go on. */
  readonly within: number;
  /** Whether to stop the holder for as long as a waiter without a token waits, too. */
  readonly patient: boolean;
}

/** Whoever holds an account is killed or stopped in the middle of a refresh, while others wait. */
export const holder = holderTrial({ within: 1_000, patient: true });

export function holderTrial({ within, patient }: HolderOptions): Trial {
  return {
    name: 'holder',
    promise:
      'when the holder of an account dies the next goes on; while it is stopped nobody hangs and nothing is lost',
    rounds: 40,
    needs: ['the built command line', '/proc'],

    async run(context) {
      const score = tally();
      const gaps: number[] = [];
      const stage = await openStage();
      for (let round = context.from; round < context.from + context.rounds; round += 1) {
        const gap = await killed(stage, round, context.random(round), score);
        if (gap !== null) gaps.push(gap);
        if (gap !== null && gap > within) score.broken(round, `the next went on after ${gap} ms`);
        stage.home.runs.length = 0;
      }
      await stopped(stage, patient, score);
      await stage.leave();
      const busy = patient ? `, ${score.of('busy')} told that it is busy` : '';
      return {
        figure: `${gaps.length} holders killed: the next sent its request after ${median(gaps)} ms (median), ${Math.max(0, ...gaps)} ms (longest); stopped: ${score.of('served')} waiters served the valid token${busy}; ${score.of('lost')} lost`,
        broken: score.all,
      };
    },
  };
}

/** @returns milliseconds from the kill to the next request at the server; null when there was none */
async function killed(stage: Stage, round: number, random: Random, score: Tally): Promise<number | null> {
  // The request has no effect: what is looked at is the lock, not the token.
  stage.demo.next('token', { when: 'before', delay: HELD, send: 'nothing' });
  const [first, pid] = await underWay(stage);
  // A bulk run waits in its refresher, a single one before it starts any.
  const args = random.pick([
    ['refresh', stage.account, '--force'],
    ['token', stage.account, '--refresh'],
  ]);
  const next = stage.start(args);
  await sleep(800 + random.below(200));
  stage.events();
  const killedAt = Date.now();
  if (random.below(1) < 0.5) endProcess(first.child.pid ?? 0, 'SIGKILL');
  endProcess(pid, 'SIGKILL');
  const run = await next.done;
  await first.done;
  await quiet(stage.home);
  if (run.exitCode !== 0) score.broken(round, `whoever waited: ${told(run)}`);
  const rotated = stage.events().find(({ kind }) => kind === 'rotated');
  return rotated === undefined ? null : rotated.at - killedAt;
}

async function stopped(stage: Stage, patient: boolean, score: Tally): Promise<void> {
  // Old enough to have less than its whole life left.
  await sleep(1_100);
  stage.demo.next('token', slow('after', 500));
  const [first, pid] = await underWay(stage);
  endProcess(pid, 'SIGSTOP');
  const waiting = { timeout: 180_000 };
  const [served, busy] = await Promise.all([
    all(3, () => stage.vault(['token', stage.account, '--min-valid', '3599s'], waiting)),
    all(patient ? 2 : 0, () => stage.vault(['token', stage.account, '--refresh'], waiting)),
  ]);
  for (const run of served) {
    if (run.exitCode === 0 && /warning: /.test(run.stderr)) score.count('served');
    else score.broken(null, `with a valid token, while the holder was stopped: ${told(run)}`);
  }
  for (const run of busy) {
    if (run.exitCode === 10) score.count('busy');
    else score.broken(null, `without a token, while the holder was stopped: ${told(run)}`);
  }
  endProcess(pid, 'SIGCONT');
  const woken = await first.done;
  await quiet(stage.home);
  // After two minutes it reports that the refresh goes on without it.
  const ended = patient ? [0, 10] : [0];
  if (!ended.includes(woken.exitCode ?? -1))
    score.broken(null, `the one whose holder was stopped: ${told(woken)}`);
  const after = await stage.refreshNow();
  if (after.exitCode === 0) return;
  score.count('lost');
  score.broken(null, `after the holder went on: ${told(after)}`);
}

/** Starts a refresh and waits until its request is at the server. */
async function underWay(stage: Stage): Promise<[CliProcess, number]> {
  const before = stage.demo.requests.token;
  const first = stage.start(['token', stage.account, '--refresh']);
  const { child } = first;
  const pid = await refresherOf(child.pid ?? 0, () => child.exitCode !== null || child.signalCode !== null);
  if (pid === null) throw new Error(told(await first.done));
  while (stage.demo.requests.token === before) await sleep(5);
  return [first, pid];
}

function all<T>(count: number, run: () => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: count }, run));
}
