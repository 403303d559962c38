import { walkConsent } from '../src/demo/consent-walk.js';
import type { Trial } from './contract.js';
import { runRefresher } from './room/refresher.js';
import { tally } from './room/rounds.js';
import { openEmptyStage, openStage, type Stage, told } from './room/stage.js';
import { type Act, demand, type Outcome, sweep } from './room/sweep.js';

/** Seconds; no network between the kill and the next command can be slower than that. */
const GRACE = 600;

/** Dies in front of each call that writes: between two of them the disk does not change, so no other moment is left. */
export const syscalls: Trial = {
  name: 'syscalls',
  promise: 'SIGKILL before any write of login, refresh and revoke leaves the old state or the new one',
  rounds: 1_000,
  needs: ['the built command line', '/proc', 'strace'],

  async run(context) {
    const score = tally();
    return { figure: await sweep(context, ACTS, score), broken: score.all };
  },
};

/** The account works: its refresh token is one the server takes. */
async function works(stage: Stage): Promise<void> {
  const next = await stage.refreshNow();
  demand(next.exitCode === 0, told(next));
}

async function generation(stage: Stage): Promise<number | null> {
  return stage.stored().then(
    (account) => account.generation,
    () => null,
  );
}

const graceful = { server: { knobs: { reuseGrace: GRACE } } };

async function logIn(stage: Stage, under: string[]): Promise<Outcome> {
  const before = await generation(stage);
  const login = stage.start(['login', 'demo', '--no-browser'], under);
  const url = await login.stderrLine(/^http:.*state=/).catch(() => null);
  // Killed in the middle, nobody is left whom the walk could reach.
  if (url !== null) await walkConsent(url.trim()).catch(() => null);
  login.child.stdin?.end();
  const run = await login.done;
  return { killed: run.signal === 'SIGKILL', printed: run.stdout !== '', generation: before };
}

async function afterLogin(stage: Stage, { printed, generation: before }: Outcome): Promise<void> {
  const list = await stage.vault(['list']);
  demand(list.exitCode === 0, told(list));
  const after = await generation(stage);
  demand(after === before || after === (before ?? 0) + 1, `generation ${before} became ${after}`);
  demand(!printed || after !== before, 'the login was said to be done, and is not stored');
  if (after === null) {
    const again = await stage.logIn();
    demand(again.exitCode === 0, told(again));
  }
  await works(stage);
}

const ACTS: readonly Act[] = [
  {
    name: 'first login',
    open: () => openEmptyStage(graceful),
    async prepare(stage) {
      stage.forget();
    },
    perform: logIn,
    judge: afterLogin,
  },
  {
    name: 'login',
    open: () => openStage(graceful),
    prepare: async () => {},
    perform: logIn,
    judge: afterLogin,
  },
  {
    name: 'refresh',
    open: () => openStage(graceful),
    prepare: async () => {},
    async perform(stage, under) {
      const before = await generation(stage);
      const { run, printed } = await runRefresher(stage, under);
      return { killed: run.signal === 'SIGKILL', printed: printed === 'refreshed', generation: before };
    },
    async judge(stage, { printed, generation: before }) {
      const after = await generation(stage);
      demand(after === before || after === (before ?? 0) + 1, `generation ${before} became ${after}`);
      demand(!printed || after !== before, 'the refresh was reported as done, and is not stored');
      await works(stage);
    },
  },
  {
    name: 'revoke',
    open: () => openStage(graceful),
    async prepare(stage) {
      if ((await generation(stage)) === null) await stage.logIn();
    },
    async perform(stage, under) {
      const run = await stage.vault(['revoke', 'demo', '--yes', '--json'], { under });
      return { killed: run.signal === 'SIGKILL', printed: /"revoked"/.test(run.stdout), generation: null };
    },
    async judge(stage, { printed }) {
      const left = await generation(stage);
      demand(!printed || left === null, 'the account was said to be revoked, and is still there');
      if (left === null) return;
      const again = await stage.vault(['revoke', 'demo', '--yes']);
      demand(again.exitCode === 0, told(again));
    },
  },
];
