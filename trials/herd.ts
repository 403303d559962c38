import { setTimeout as sleep } from 'node:timers/promises';
import type { Trial } from './contract.js';
import { median, tally } from './room/rounds.js';
import { openStage, type Stage, told } from './room/stage.js';
import { together } from './room/together.js';

/** Seconds. */
const GOOD = 3_600;

/** A hundred scripts wake up in the same minute and find the token expired. */
export const herd = herdOf(100);

/** @param size how many ask at once */
export function herdOf(size: number): Trial {
  return {
    name: 'herd',
    promise: `${size} vault token at once on one expired account make one request and print one token`,
    rounds: 20,
    needs: ['the built command line'],

    async run({ rounds, from }) {
      const score = tally();
      const times: number[] = [];
      const stage = await openStage();
      for (let round = from; round < from + rounds; round += 1) {
        await expire(stage);
        stage.tokenRequests();
        const begun = Date.now();
        const asked = Array.from({ length: size }, () => ({ args: ['token', stage.account], delay: 0 }));
        const runs = await together(stage.home, asked);
        times.push((Date.now() - begun) / 1_000);
        const requests = stage.tokenRequests();
        score.count('requests', requests);
        if (requests !== 1) score.broken(round, `${requests} requests instead of one`);
        for (const run of runs.filter(({ exitCode }) => exitCode !== 0)) {
          score.count('failures');
          score.broken(round, told(run));
        }
        const tokens = new Set(runs.map(({ stdout }) => stdout)).size;
        if (tokens !== 1) score.broken(round, `${tokens} different tokens`);
        stage.home.runs.length = 0;
      }
      await stage.leave();
      return {
        figure: `${rounds} rounds of ${size}: ${score.of('requests')} requests, ${score.of('failures')} failures, a round in ${median(times).toFixed(1)} s (median)`,
        broken: score.all,
      };
    },
  };
}

/** Refreshes into a token that ends at once. */
async function expire(stage: Stage): Promise<void> {
  stage.demo.knobs.accessTokenLifetime = 1;
  const run = await stage.vault(['refresh', stage.account, '--force']);
  stage.demo.knobs.accessTokenLifetime = GOOD;
  if (run.exitCode !== 0) throw new Error(told(run));
  await sleep(1_100);
}
