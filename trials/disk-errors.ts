import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CliRun } from '../test/harness/cli.js';
import type { Trial } from './contract.js';
import { quiet } from './room/processes.js';
import { runRefresher } from './room/refresher.js';
import { inLanes, type Tally, tally } from './room/rounds.js';
import { openStage, type Stage, told } from './room/stage.js';
import { type Call, callsOf, failing } from './room/strace.js';

const LANES = 2;
const ERRORS = ['ENOSPC', 'EIO', 'EROFS'] as const;

/** Wake-ups between threads count as writes too, and there is not always the same number of them. */
const SHIFTS = [0, 1, -1, 2, -2, 3, -3, 4, -4];

interface Failure {
  readonly call: Call;
  readonly error: string;
}

/** The disk refuses one call of a refresher: each call that opens, writes or syncs, with each of three errors. */
export const diskErrors: Trial = {
  name: 'disk-errors',
  promise: 'a disk error before a refresh is sent sends nothing, and one after it loses nothing',
  rounds: 1_000,
  needs: ['the built command line', '/proc', 'strace'],

  async run(context) {
    const score = tally();
    // In an order that the seed decides on, so that few rounds are a fair sample and a round has its number for good.
    const all = context.random(-1).shuffled(await failures());
    await inLanes<Stage>({ ...context, rounds: Math.min(context.rounds, all.length) }, score, LANES, {
      open: openStage,
      leave: (stage) => stage.leave(),
      async round(stage, number) {
        const failure = all[number];
        if (failure === undefined) throw new Error(`there are only ${all.length} calls and errors`);
        await round(stage, number, failure, score);
      },
    });
    const parts = [
      `${score.of('nothing sent')} before anything was sent`,
      `${score.of('spilled')} after it with the answer kept in the spill and taken in by the next run`,
      `${score.of('stored')} without harm`,
      `${score.of('missed')} not met`,
    ];
    return {
      figure: `${Math.min(context.rounds, all.length)} of ${all.length} errors (${parts.join(', ')}), ${score.of('lost')} lost`,
      broken: score.all,
    };
  },
};

async function failures(): Promise<readonly Failure[]> {
  const stage = await openStage();
  try {
    // The first refresh makes folders that are there ever after.
    await runRefresher(stage);
    const calls = await callsOf(stage.home, (under) => runRefresher(stage, under));
    const disk = calls.filter(({ target }) => target.startsWith('vault'));
    return disk.flatMap((call) => ERRORS.map((error) => ({ call, error })));
  } finally {
    await stage.leave();
  }
}

async function round(stage: Stage, number: number, failure: Failure, score: Tally): Promise<void> {
  const { call, error } = failure;
  const where = `${error} at ${call.name} #${call.index} of ${call.target}`;
  const struck = await strike(stage, failure);
  if (struck === null) return score.count('missed');
  const { before, run } = struck;
  const rotations = stage.events().filter(({ kind }) => kind === 'rotated').length;
  const after = await stage.stored();
  await quiet(stage.home);
  const spilled = fullSpills(stage).length > 0;
  if (rotations === 0) score.count('nothing sent');
  else if (after.generation > before.generation) score.count('stored');
  else if (spilled) score.count('spilled');
  else score.broken(number, `${where}: the new token is neither stored nor in the spill; ${told(run)}`);

  const next = await stage.vault(['token', stage.account, '--refresh']);
  if (next.exitCode !== 0) {
    score.count('lost');
    score.broken(number, `${where}: ${told(next)}`);
    await stage.logIn();
  } else if (spilled && (await stage.stored()).generation === after.generation) {
    score.broken(number, `${where}: the next run did not take in the spill`);
  }
  await quiet(stage.home);
  if (fullSpills(stage).length > 0) score.broken(number, `${where}: the spill is still there afterwards`);
  const reused = stage.events().some(({ kind }) => kind === 'reuse_detected');
  if (reused) score.broken(number, `${where}: a replaced token was sent`);
  stage.home.runs.length = 0;
}

/** @returns null when the call meant was not met in any of several tries */
async function strike(stage: Stage, { call, error }: Failure) {
  for (const shift of SHIFTS) {
    const before = await stage.stored();
    stage.events();
    let run: CliRun | null = null;
    const wanted = { ...call, index: call.index + shift };
    const struck = await failing(stage.home, wanted, error, async (under) => {
      run = (await runRefresher(stage, under)).run;
    });
    if (struck && run !== null) return { before, run: run as CliRun };
    // Failing wake-ups kill a process, and what that does is another trial's business.
    await stage.logIn();
  }
  return null;
}

/** Spill files in whose first slot an answer lies. */
function fullSpills(stage: Stage): string[] {
  const folder = join(stage.home.vault, 'spill');
  const names = readdirSync(folder).filter((name) => name.endsWith('.spill'));
  return names.filter((name) => firstByte(join(folder, name)) === 1);
}

/** Of a file that its refresher may take away at any moment. */
function firstByte(path: string): number | undefined {
  try {
    return readFileSync(path)[0];
  } catch {
    return undefined;
  }
}
