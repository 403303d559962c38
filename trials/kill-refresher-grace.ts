import type { Trial } from './contract.js';
import { type Killing, killOnce, openKilling } from './kill-refresher.js';
import { inLanes, tally } from './room/rounds.js';
import { told } from './room/stage.js';

const LANES = 2;
const GRACE = 5;

/** The refresher itself dies, and the server still takes the replaced token for five seconds. */
export const killRefresherGrace: Trial = {
  name: 'kill-refresher-grace',
  promise:
    'kill -9 of the refresher loses nothing where the server forgives a repeat, and is always explained',
  rounds: 1_000,
  needs: ['the built command line', '/proc'],

  async run(context) {
    const score = tally();
    await inLanes<Killing>(context, score, LANES, {
      open: () => openKilling(GRACE),
      leave: ({ stage }) => stage.leave(),
      async round(killing, number, random) {
        const { asker, rotated, unexplained } = await killOnce(killing, random);
        if (rotated) score.count('rotated');
        if (unexplained !== null) {
          score.count('unexplained');
          score.broken(number, told(asker));
        }
        const next = await killing.stage.refreshNow();
        killing.stage.home.runs.length = 0;
        if (next.exitCode === 0) return;
        score.count('lost');
        score.broken(number, told(next));
        await killing.stage.logIn();
      },
    });
    return {
      figure: `${context.rounds} kills (${score.of('rotated')} of them with a token the server had replaced), ${score.of('lost')} lost, ${score.of('unexplained')} unexplained`,
      broken: score.all,
    };
  },
};
