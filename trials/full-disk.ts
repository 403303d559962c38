import { execFileSync } from 'node:child_process';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { slow } from '../test/doubles/demo-faults.js';
import type { Trial } from './contract.js';
import { type Tally, tally } from './room/rounds.js';
import { openEmptyStage, type Stage, told } from './room/stage.js';

const SIZE = '2m';
const CHUNK = 4_096;

/** A real small disk with nothing left on it, before a refresh and in the middle of one. */
export const fullDisk: Trial = {
  name: 'full-disk',
  promise:
    'on a full disk nothing is sent and a valid token is printed; one that fills meanwhile loses nothing',
  rounds: 10,
  needs: ['the built command line', '/proc', 'a small tmpfs'],

  async run({ rounds, from }) {
    const score = tally();
    const stage = await openEmptyStage();
    const config = stage.home.config();
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE},mode=700`, 'none', stage.home.vault]);
    try {
      stage.home.configure(config);
      const login = await stage.logIn();
      if (login.exitCode !== 0) throw new Error(told(login));
      const account = login.stdout.trim();
      for (let round = from; round < from + rounds; round += 1) {
        await fullBefore(stage, account, round, score);
        await fullMeanwhile(stage, account, round, score);
        stage.home.runs.length = 0;
      }
    } finally {
      execFileSync('umount', ['--lazy', stage.home.vault]);
      await stage.leave();
    }
    return {
      figure: `${rounds} rounds on a disk of ${SIZE}: full before, ${score.of('requests')} requests and ${score.of('served')} valid tokens printed with a warning; full meanwhile, ${score.of('taken in')} answers taken in later, ${score.of('lost')} lost`,
      broken: score.all,
    };
  },
};

async function fullBefore(stage: Stage, account: string, round: number, score: Tally): Promise<void> {
  // Old enough to have less than its whole life left.
  await sleep(1_100);
  fill(stage);
  stage.tokenRequests();
  const wish = await stage.vault(['token', account, '--min-valid', '3599s']);
  if (wish.exitCode === 0 && /^demo-access-\S+\n$/.test(wish.stdout) && /warning: /.test(wish.stderr)) {
    score.count('served');
  } else score.broken(round, `a valid token was not printed with a warning: ${told(wish)}`);
  const forced = await stage.vault(['token', account, '--refresh']);
  if (forced.exitCode !== 9) score.broken(round, `a refresh on a full disk: ${told(forced)}`);
  const requests = stage.tokenRequests();
  score.count('requests', requests);
  if (requests > 0) score.broken(round, `${requests} requests though nothing could be written`);
  free(stage);
  const after = await stage.vault(['token', account, '--refresh']);
  if (after.exitCode !== 0) score.broken(round, `with space again: ${told(after)}`);
}

async function fullMeanwhile(stage: Stage, account: string, round: number, score: Tally): Promise<void> {
  stage.events();
  stage.demo.next('token', slow('after', 1_000));
  const under = stage.start(['token', account, '--refresh']);
  while (!stage.events().some(({ kind }) => kind === 'rotated')) await sleep(5);
  fill(stage);
  const ended = await under.done;
  if (ended.exitCode !== 9) score.broken(round, `an answer that could not be stored: ${told(ended)}`);
  free(stage);
  stage.tokenRequests();
  const next = await stage.vault(['token', account, '--refresh']);
  if (stage.tokenRequests() === 0 && next.exitCode === 0) score.count('taken in');
  else score.broken(round, `the answer in the spill was not taken in: ${told(next)}`);
  const again = await stage.vault(['token', account, '--refresh']);
  if (again.exitCode === 0) return;
  score.count('lost');
  score.broken(round, told(again));
}

function ballast(stage: Stage): string {
  return join(stage.home.vault, 'ballast');
}

/** Writes until the disk takes no more. */
function fill(stage: Stage): void {
  const file = openSync(ballast(stage), 'w');
  try {
    for (;;) writeSync(file, Buffer.alloc(CHUNK, 1));
  } catch (failure) {
    if (!(failure instanceof Error && 'code' in failure && failure.code === 'ENOSPC')) throw failure;
  } finally {
    closeSync(file);
  }
}

function free(stage: Stage): void {
  rmSync(ballast(stage));
}
