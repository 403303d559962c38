import { setTimeout as sleep } from 'node:timers/promises';
import { slow } from '../test/doubles/demo-faults.js';
import type { Trial } from './contract.js';
import { endProcess, quiet } from './room/processes.js';
import type { Random } from './room/random.js';
import { inLanes, median, tally } from './room/rounds.js';
import { openStage, type Stage, told } from './room/stage.js';

const LANES = 2;
/** The server takes up to this long, in milliseconds, so that many kills find a request under way. */
const SLOWEST = 60;

/** `vault token` dies at a random moment of a refresh. What it started goes on without it. */
export const killAsker: Trial = {
  name: 'kill-asker',
  promise: 'kill -9 of vault token loses no refresh token, even at a server that forgives nothing',
  rounds: 1_000,
  needs: ['the built command line', '/proc'],

  async run(context) {
    const score = tally();
    let span = 0;
    const round = async (stage: Stage, number: number, random: Random) => {
      let hit = false;
      while (!hit) {
        stage.demo.next('token', slow('after', random.below(SLOWEST)));
        stage.events();
        const asker = stage.start(['token', stage.account, '--refresh']);
        await sleep(random.below(span));
        const killedAt = Date.now();
        endProcess(asker.child.pid ?? 0, 'SIGKILL');
        hit = (await asker.done).signal !== null;
        await quiet(stage.home);
        const [rotated] = stage.events().filter(({ kind }) => kind === 'rotated');
        if (!hit) score.count('too late');
        else if (rotated === undefined) score.count('not sent');
        else score.count(rotated.at > killedAt ? 'sent later' : 'under way');
      }
      const next = await stage.refreshNow();
      stage.home.runs.length = 0;
      if (next.exitCode === 0) return;
      score.count('lost');
      score.broken(number, told(next));
      await stage.logIn();
    };
    const open = async () => {
      const stage = await openStage();
      const times: number[] = [];
      for (let run = 0; run < 3; run += 1) {
        const begun = Date.now();
        await stage.refreshNow();
        times.push(Date.now() - begun);
      }
      span = Math.max(span, median(times) * 1.1);
      return stage;
    };
    await inLanes(context, score, LANES, { open, leave: (stage) => stage.leave(), round });
    const parts = [
      `${score.of('not sent')} before anything was sent`,
      `${score.of('sent later')} and it was sent nevertheless`,
      `${score.of('under way')} while or after it was sent`,
    ];
    return {
      figure: `${context.rounds} kills (${parts.join(', ')}), ${score.of('lost')} lost; ${score.of('too late')} more came too late`,
      broken: score.all,
    };
  },
};
