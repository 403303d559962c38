import type { TrialContext } from '../contract.js';
import { inLanes, type Tally, tally } from './rounds.js';
import type { Stage } from './stage.js';
import { type Call, callsOf, killBefore } from './strace.js';

/* Dies in front of each call that writes: between two of them the disk does not change, so no other moment is left. */

const LANES = 2;

/** Something that writes, its calls found once, each of them a place to die. */
export interface Act {
  readonly name: string;
  readonly open: () => Promise<Stage>;
  /** Brings the stage to where the act can begin. */
  readonly prepare: (stage: Stage) => Promise<void>;
  readonly perform: (stage: Stage, under: string[]) => Promise<Outcome>;
  /** Throws when the vault is in neither the state before nor the one after. */
  readonly judge: (stage: Stage, outcome: Outcome) => Promise<void>;
}

export interface Outcome {
  readonly killed: boolean;
  /** What the user, or the asker, was told was done. */
  readonly printed: boolean;
  /** The generation before, where there was an account. */
  readonly generation: number | null;
}

/** Every act in turn. @returns the figures in words */
export async function sweep(context: TrialContext, acts: readonly Act[], score: Tally): Promise<string> {
  const figures: string[] = [];
  const share = Math.ceil(context.rounds / acts.length);
  // To find an act's calls takes longer than a round: fewer rounds than acts look at so many acts.
  for (const act of context.random(-2).shuffled(acts).slice(0, context.rounds))
    figures.push(await sweepOne({ ...context, rounds: share }, act, score));
  return `killed before each write: ${figures.join('; ')}`;
}

async function sweepOne(context: TrialContext, act: Act, score: Tally): Promise<string> {
  // In an order that the seed decides on, so that few rounds are a fair sample and a round has its number for good.
  const calls = context.random(-1).shuffled(await find(act));
  const own = tally();
  await inLanes<Stage>({ ...context, rounds: Math.min(context.rounds, calls.length) }, own, LANES, {
    open: act.open,
    leave: (stage) => stage.leave(),
    async round(stage, number) {
      const call = calls[number];
      if (call === undefined) throw new Error(`${act.name} has only ${calls.length} calls that write`);
      await act.prepare(stage);
      const outcome = await act.perform(stage, killBefore(stage.home, call));
      if (outcome.killed) own.count('killed');
      try {
        await act.judge(stage, outcome);
      } catch (failure) {
        own.count('neither');
        throw new Error(
          `${act.name}, killed before ${call.name} #${call.index} of ${call.target}: ${failure}`,
        );
      }
      stage.home.runs.length = 0;
    },
  });
  for (const { round, what } of own.all) score.broken(round, what);
  return `${act.name} ${own.of('killed')} of ${calls.length} calls, ${own.of('neither')} neither old nor new`;
}

async function find(act: Act): Promise<readonly Call[]> {
  const stage = await act.open();
  try {
    await act.prepare(stage);
    const calls = await callsOf(stage.home, (under) => act.perform(stage, under));
    return calls.filter(({ name, creates }) => name !== 'openat' || creates);
  } finally {
    await stage.leave();
  }
}

/** @throws Error */
export function demand(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(otherwise);
}
