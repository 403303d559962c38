import { setTimeout as sleep } from 'node:timers/promises';
import type { Trial } from './contract.js';
import { cutAt, type Front, type Hostile, openFront, QUICK, SLOW, WHOLE_LENGTH } from './room/hostile.js';
import { isRefresher, peakMemory, refresherOf } from './room/processes.js';
import { inLanes, type Tally, tally } from './room/rounds.js';
import { openEmptyStage, type Stage, told } from './room/stage.js';

/** Most of them wait for a deadline, which costs nothing. */
const LANES = 4;
/** What a command waits for at most, and its start; milliseconds. */
const DEADLINE = 135_000;
/** MiB that the worst answer may cost more than an honest one. */
const ROOM = 64;
const MOST_SENDS = 2;

interface Place {
  readonly stage: Stage;
  readonly front: Front;
  /** MiB of an honest refresh. */
  readonly usual: number;
}

/** Every misbehaviour of a server once, then honest answers that break off anywhere. */
export const transports = transportTrial([...QUICK, ...SLOW]);

export function transportTrial(hostile: readonly Hostile[]): Trial {
  return {
    name: 'transports',
    promise:
      'no transport, however hostile, outlasts the deadline, eats memory or gets a refresh token a third time',
    rounds: 150,
    needs: ['the built command line', '/proc'],

    async run(context) {
      const score = tally();
      // In an order that the seed decides on, so that few rounds are a fair sample.
      const order = context.random(-1).shuffled(hostile);
      let longest = 0;
      let largest = 0;
      await inLanes<Place>(context, score, LANES, {
        open: openPlace,
        async leave({ stage, front }) {
          await stage.leave();
          await front.close();
        },
        async round(place, number, random) {
          const cut = cutAt(random.whole(WHOLE_LENGTH), random.pick(['reset', 'end']));
          const { time, memory } = await suffer(place, order[number] ?? cut, number, score);
          longest = Math.max(longest, time);
          largest = Math.max(largest, memory - place.usual);
        },
      });
      return {
        figure: `${context.rounds} hostile answers: the longest took ${(longest / 1_000).toFixed(1)} s and the largest ${Math.round(largest)} MiB more than an honest one, at most ${score.of('sends')} sends of one refresh token, ${score.of('working')} accounts worked afterwards`,
        broken: score.all,
      };
    },
  };
}

async function openPlace(): Promise<Place> {
  // It is named in the configuration before there is a server that it could stand in front of.
  let target = '';
  const front = await openFront(() => target);
  const stage = await openEmptyStage({
    server: { plain: true, knobs: { responseIss: false } },
    provider: { tokenEndpoint: front.url },
  });
  target = stage.demo.endpoints.token;
  const login = await stage.logIn();
  if (login.exitCode !== 0) throw new Error(told(login));
  const { memory } = await watched(stage);
  return { stage, front, usual: memory };
}

/** A forced refresh, its time in milliseconds and the most memory its refresher had, in MiB. */
async function watched(stage: Stage) {
  const begun = Date.now();
  const asker = stage.start(['token', stage.account, '--refresh']);
  const { child } = asker;
  const pid = await refresherOf(child.pid ?? 0, () => child.exitCode !== null || child.signalCode !== null);
  let memory = 0;
  while (pid !== null && isRefresher(pid)) {
    memory = Math.max(memory, peakMemory(pid));
    await sleep(10);
  }
  const run = await asker.done;
  return { run, memory, time: Date.now() - begun };
}

async function suffer({ stage, front, usual }: Place, hostile: Hostile, number: number, score: Tally) {
  front.mood = hostile.act;
  front.sends.clear();
  const { run, memory, time } = await watched(stage);
  front.mood = null;
  const sends = Math.max(0, ...front.sends.values());
  score.count('sends', Math.max(0, sends - score.of('sends')));
  const broken = (what: string) => score.broken(number, `${hostile.name}: ${what}`);
  if (run.exitCode !== hostile.exitCode) broken(told(run));
  if (time > DEADLINE) broken(`it took ${time} ms`);
  if (memory - usual > ROOM)
    broken(`it took ${Math.round(memory)} MiB, an honest answer ${Math.round(usual)}`);
  if (sends > MOST_SENDS) broken(`the refresh token was sent ${sends} times`);
  if (front.strays.length > 0) broken(`a redirect was followed to ${front.strays.join(', ')}`);
  front.strays.length = 0;
  const after = await stage.refreshNow();
  if (after.exitCode === 0) score.count('working');
  else broken(`afterwards: ${told(after)}`);
  stage.home.runs.length = 0;
  return { time, memory };
}
