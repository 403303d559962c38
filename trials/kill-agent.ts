import { setTimeout as sleep } from 'node:timers/promises';
import { slow } from '../test/doubles/demo-faults.js';
import { printedKey } from '../test/harness/agent.js';
import type { Trial } from './contract.js';
import { endProcess, quiet } from './room/processes.js';
import type { Random } from './room/random.js';
import { inLanes, median, tally } from './room/rounds.js';
import { openStage, type Stage, told } from './room/stage.js';

const LANES = 2;
/** The server takes up to this long, in milliseconds, so that many kills find a request under way. */
const SLOWEST = 60;
/** An agent to which every account is due as soon as it starts. */
const AGENT = ['agent', '--every', '1h', '--ahead', '2h'];

/** The agent dies at a random moment of its start and its first refresh; a `vault token` asks it meanwhile. */
export const killAgent: Trial = {
  name: 'kill-agent',
  promise: 'kill -9 of the agent loses no refresh token and fails no vault token that asks it',
  rounds: 1_000,
  needs: ['the built command line', '/proc'],

  async run(context) {
    const score = tally();
    let span = 0;
    const round = async (stage: Stage, number: number, random: Random) => {
      stage.demo.next('token', slow('after', random.below(SLOWEST)));
      stage.events();
      const agent = stage.start(AGENT);
      const killing = random.below(span);
      const asking = random.below(span);
      const asker = sleep(asking).then(() => stage.start(['token', stage.account]).done);
      await sleep(killing);
      const killedAt = Date.now();
      endProcess(agent.child.pid ?? 0, 'SIGKILL');
      await agent.done;
      const asked = await asker;
      await quiet(stage.home);
      const [rotated] = stage.events().filter(({ kind }) => kind === 'rotated');
      if (rotated === undefined) score.count('not sent');
      else score.count(rotated.at > killedAt ? 'sent later' : 'under way');
      if (asked.exitCode !== 0) {
        score.count('failed');
        score.broken(number, told(asked));
      }
      const next = await stage.refreshNow();
      stage.home.runs.length = 0;
      if (next.exitCode === 0) return;
      score.count('lost');
      score.broken(number, told(next));
      await stage.logIn();
    };
    const open = async () => {
      const stage = await openStage(printedKey());
      const times: number[] = [];
      for (let run = 0; run < 3; run += 1) {
        const begun = Date.now();
        const agent = stage.start(AGENT);
        await agent.stderrLine(/: refreshed/);
        times.push(Date.now() - begun);
        endProcess(agent.child.pid ?? 0, 'SIGKILL');
        await agent.done;
        await quiet(stage.home);
      }
      // In a round two lanes, an asker and a slow server take their time as well.
      span = Math.max(span, median(times) * 1.3 + SLOWEST);
      return stage;
    };
    await inLanes(context, score, LANES, { open, leave: (stage) => stage.leave(), round });
    const parts = [
      `${score.of('not sent')} before anything was sent`,
      `${score.of('sent later')} and it was sent nevertheless`,
      `${score.of('under way')} while or after it was sent`,
    ];
    return {
      figure: `${context.rounds} kills (${parts.join(', ')}), ${score.of('lost')} lost, ${score.of('failed')} failed`,
      broken: score.all,
    };
  },
};
