import type { CliRun } from '../test/harness/cli.js';
import { faketime } from '../test/harness/faketime.js';
import type { Trial } from './contract.js';
import type { Random } from './room/random.js';
import { type Tally, tally } from './room/rounds.js';
import { openStage, type Stage, told } from './room/stage.js';

const SECOND = 1_000;
const DAY = 86_400 * SECOND;
const HOUR = 3_600 * SECOND;
/** How often a script asks while the clock stands where it stands. */
const CALLS = 10;
/** An account that was refreshed is not refreshed again while the clock goes on as it should. */
const MOST = 1;

interface Faulty {
  readonly name: string;
  /** Milliseconds the clock is wrong by. */
  readonly offset: number;
}

const CONSTANT: readonly Faulty[] = [
  { name: '30 days back', offset: -30 * DAY },
  { name: '5 years ahead', offset: 5 * 365 * DAY },
];

/** The machine's clock is wrong, or jumps between one command and the next. */
export const clock: Trial = {
  name: 'clock',
  promise: 'a wrong or jumping clock makes no storm of refreshes and no expired token is printed',
  rounds: 100,
  needs: ['the built command line', '/proc', 'faketime'],

  async run(context) {
    const score = tally();
    const figures: string[] = [];
    for (const faulty of CONSTANT) figures.push(await steady(faulty, score));
    figures.push(await jumping(context.from, context.rounds, context.random, score));
    return {
      figure: `${figures.join('; ')}; ${score.of('expired')} expired tokens printed`,
      broken: score.all,
    };
  },
};

/** The clock goes wrong after the login and stays so. */
async function steady({ name, offset }: Faulty, score: Tally): Promise<string> {
  const stage = await openStage();
  stage.tokenRequests();
  for (let call = 0; call < CALLS; call += 1) await ask(stage, offset, null, score);
  const requests = stage.tokenRequests();
  if (requests > MOST) score.broken(null, `${name}: ${requests} refreshes in ${CALLS} calls`);
  await right(stage, score);
  await stage.leave();
  return `${name}: ${requests} refreshes in ${CALLS} calls`;
}

/** The clock is somewhere else at every call; each is followed by a few with the same clock. */
async function jumping(
  from: number,
  rounds: number,
  random: (round: number) => Random,
  score: Tally,
): Promise<string> {
  const stage = await openStage();
  let all = 0;
  let calls = 0;
  for (let round = from; round < from + rounds; round += 1) {
    const offset = somewhere(random(round));
    stage.tokenRequests();
    for (let call = 0; call < 3; call += 1) await ask(stage, offset, round, score);
    const requests = stage.tokenRequests();
    all += requests;
    calls += 3;
    if (requests > MOST)
      score.broken(round, `${requests} refreshes at one place of the clock (${offset} ms)`);
    stage.home.runs.length = 0;
  }
  await right(stage, score);
  await stage.leave();
  return `${rounds} jumps: ${all} refreshes in ${calls} calls`;
}

function somewhere(random: Random): number {
  const range = random.pick([HOUR, 2 * HOUR, DAY, 30 * DAY, 5 * 365 * DAY]);
  return Math.round(((random.below(2) - 1) * range) / SECOND) * SECOND;
}

/** One `vault token` at the wrong time. */
async function ask(stage: Stage, offset: number, round: number | null, score: Tally): Promise<void> {
  const seconds = offset / SECOND;
  const under = faketime('--exclude-monotonic', '-f', `${seconds < 0 ? '' : '+'}${seconds}s`);
  const run: CliRun = await stage.vault(['token', stage.account, '--json'], { under });
  if (run.exitCode !== 0) return score.broken(round, `clock wrong by ${seconds} s: ${told(run)}`);
  const { expires_at } = JSON.parse(run.stdout) as { readonly expires_at: string };
  if (Date.parse(expires_at) > Date.now() + offset) return;
  score.count('expired');
  score.broken(round, `a token that ended at ${expires_at} was printed, ${seconds} s from now`);
}

/** The clock is right again. */
async function right(stage: Stage, score: Tally): Promise<void> {
  const run = await stage.vault(['token', stage.account]);
  if (run.exitCode !== 0) score.broken(null, `with the right clock again: ${told(run)}`);
}
