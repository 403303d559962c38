import type { Trial } from './contract.js';
import { type Killing, killOnce, openKilling } from './kill-refresher.js';
import type { Random } from './room/random.js';
import { inLanes, type Tally, tally } from './room/rounds.js';
import { told } from './room/stage.js';

const LANES = 2;
const NO_GRACE = 0;

/**
 * The refresher itself dies, at a server that ends the grant when a replaced token comes again. Between the server's
 * rotation and our commit nobody can save the new token; what is asked is that this is the only moment, and that it is
 * told.
 */
export const killRefresherStrict: Trial = {
  name: 'kill-refresher-strict',
  promise: 'what kill -9 of the refresher loses, it loses between rotation and commit, and never silently',
  rounds: 1_000,
  needs: ['the built command line', '/proc'],

  async run(context) {
    const score = tally();
    await inLanes<Killing>(context, score, LANES, {
      open: () => openKilling(NO_GRACE),
      leave: ({ stage }) => stage.leave(),
      round: (killing, number, random) => round(killing, number, random, score),
    });
    const { rounds } = context;
    return {
      figure: `${rounds} kills: ${score.of('lost')} lost, ${score.of('in the window')} of them between the server's rotation and our commit, ${score.of('told')} reported as an interrupted refresh, ${score.of('silent')} silent`,
      broken: score.all,
    };
  },
};

async function round(killing: Killing, number: number, random: Random, score: Tally): Promise<void> {
  const { stage } = killing;
  const { asker, generation, rotated, unexplained } = await killOnce(killing, random);
  if (unexplained !== null) score.broken(number, told(asker));
  const after = await stage.stored();
  const next = await stage.refreshNow();
  stage.home.runs.length = 0;
  if (next.exitCode === 0) return;
  score.count('lost');
  if (rotated && after.generation === generation) score.count('in the window');
  else score.broken(number, `lost outside the window: ${told(next)}`);
  if (next.exitCode === 4 && /interrupted/.test(next.stderr) && /hint: vault login/.test(next.stderr)) {
    score.count('told');
  } else {
    score.count('silent');
    score.broken(number, `not told: ${told(next)}`);
  }
  const { exitCode } = await stage.logIn();
  if (exitCode !== 0) throw new Error(`a login after the loss ended with ${exitCode}`);
}
