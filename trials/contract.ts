import type { PartName } from '../test/harness/parts.js';
import type { Random } from './room/random.js';

/** What a trial is given. The same seed leads to the same rounds. */
export interface TrialContext {
  readonly seed: number;
  /** How many rounds, counted from `from`. */
  readonly rounds: number;
  /** The number of the first round; a round that went wrong can be run again alone. */
  readonly from: number;
  /** The random numbers of one round, which do not depend on the rounds before it. */
  random(round: number): Random;
}

/** A promise that did not hold, in words, and the round to repeat; null when it belongs to no single round. */
export interface Broken {
  readonly round: number | null;
  readonly what: string;
}

export interface Verdict {
  /** What was done and what came of it, in one line. */
  readonly figure: string;
  readonly broken: readonly Broken[];
}

/** One way of trying to break a promise of the vault, from outside, through the built command line. */
export interface Trial {
  readonly name: string;
  /** The promise as a sentence. */
  readonly promise: string;
  /** How many rounds it takes to be convincing. */
  readonly rounds: number;
  readonly needs: readonly PartName[];
  run(context: TrialContext): Promise<Verdict>;
}
