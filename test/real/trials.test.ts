import { describe, expect, it } from 'vitest';
import { canaries } from '../../trials/canaries.js';
import { clock } from '../../trials/clock.js';
import type { Trial } from '../../trials/contract.js';
import { crowdOf } from '../../trials/crowd.js';
import { diskErrors } from '../../trials/disk-errors.js';
import { fullDisk } from '../../trials/full-disk.js';
import { herdOf } from '../../trials/herd.js';
import { holderTrial } from '../../trials/holder.js';
import { killAgent } from '../../trials/kill-agent.js';
import { killAsker } from '../../trials/kill-asker.js';
import { killRefresherGrace } from '../../trials/kill-refresher-grace.js';
import { killRefresherStrict } from '../../trials/kill-refresher-strict.js';
import { listenerFuzz } from '../../trials/listener-fuzz.js';
import { mutatedAnswers } from '../../trials/mutated-answers.js';
import { QUICK } from '../../trials/room/hostile.js';
import { seeded } from '../../trials/room/random.js';
import { swapRace } from '../../trials/swap-race.js';
import { syscalls } from '../../trials/syscalls.js';
import { transportTrial } from '../../trials/transports.js';
import { needs } from '../harness/parts.js';

const SEED = 7;
/** How fast the next one goes on is measured by the trial at length; here it is only asked that it does. */
const ANY_TIME = Number.POSITIVE_INFINITY;

/** A cut of each trial: the same rounds each time, so few of them that all together take less than a minute. */
const CUTS: readonly (readonly [Trial, number])[] = [
  [killAgent, 3],
  [killAsker, 5],
  [killRefresherGrace, 5],
  [killRefresherStrict, 5],
  [syscalls, 4],
  [diskErrors, 8],
  [fullDisk, 1],
  [herdOf(20), 1],
  [crowdOf(20), 1],
  [holderTrial({ within: ANY_TIME, patient: false }), 1],
  [mutatedAnswers, 150],
  [clock, 1],
  [transportTrial(QUICK), 12],
  [listenerFuzz, 200],
  [swapRace, 30],
  [canaries, 7],
];

describe('what the trials try to break', () => {
  for (const [trial, rounds] of CUTS) {
    it(`${trial.promise} (${rounds} rounds of ${trial.name})`, async (context) => {
      needs(context, ...trial.needs);
      const random = (round: number) => seeded(SEED, round);
      const { broken } = await trial.run({ seed: SEED, from: 0, rounds, random });
      expect(broken).toEqual([]);
    });
  }
});
