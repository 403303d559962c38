import { describe, expect, it } from 'vitest';
import type { Trial } from '../../trials/contract.js';
import { seeded } from '../../trials/room/random.js';
import { needs } from './parts.js';

const SEED = 7;

/** Tests that run a cut of each trial: the same rounds each time, as few as still show something. */
export function cutsOf(what: string, cuts: readonly (readonly [trial: Trial, rounds: number])[]): void {
  describe(what, () => {
    for (const [trial, rounds] of cuts) {
      it(`${trial.promise} (${rounds} rounds of ${trial.name})`, async (context) => {
        needs(context, ...trial.needs);
        const random = (round: number) => seeded(SEED, round);
        const { broken } = await trial.run({ seed: SEED, from: 0, rounds, random });
        expect(broken).toEqual([]);
      });
    }
  });
}
