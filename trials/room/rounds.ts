import type { Broken, TrialContext } from '../contract.js';
import type { Random } from './random.js';

/** Keeps count of what the rounds came to. */
export interface Tally {
  count(what: string, by?: number): void;
  of(what: string): number;
  broken(round: number | null, what: string): void;
  readonly all: readonly Broken[];
}

export function tally(): Tally {
  const counts = new Map<string, number>();
  const all: Broken[] = [];
  const of = (what: string) => counts.get(what) ?? 0;
  return {
    count: (what, by = 1) => void counts.set(what, of(what) + by),
    of,
    broken: (round, what) => void all.push({ round, what }),
    all,
  };
}

export interface Lane<S> {
  readonly open: () => Promise<S>;
  readonly leave: (stage: S) => Promise<void>;
  readonly round: (stage: S, round: number, random: Random) => Promise<void>;
}

/** Runs all rounds, several at a time, each lane on a stage of its own. A round that throws is a broken promise. */
export async function inLanes<S>(
  context: TrialContext,
  score: Tally,
  width: number,
  { open, leave, round }: Lane<S>,
): Promise<void> {
  let next = context.from;
  const end = context.from + context.rounds;
  const lane = async () => {
    const stage = await open();
    try {
      while (next < end) {
        const number = next;
        next += 1;
        try {
          await round(stage, number, context.random(number));
        } catch (failure) {
          score.broken(number, failure instanceof Error ? failure.message : String(failure));
        }
      }
    } finally {
      await leave(stage);
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, context.rounds) }, lane));
}

/** The middle one of several measurements. */
export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
