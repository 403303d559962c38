import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { walkConsent } from '../src/demo/consent-walk.js';
import type { CliProcess } from '../test/harness/cli.js';
import type { Trial, TrialContext } from './contract.js';
import { bother, crowdAt, KIND_NAMES, type Target } from './room/fuzz.js';
import { peakMemory } from './room/processes.js';
import { type Tally, tally } from './room/rounds.js';
import { openEmptyStage, type Stage, told } from './room/stage.js';

/** Strangers that come to one login before its callback does. */
const PER_LOGIN = 1_000;
const AT_ONCE = 25;
const CROWD = 300;
/** MiB that all of them together may cost. */
const ROOM = 64;
/** Answers that strangers get; anything else lets one of them in, or is a failure of ours. */
const TURNED_AWAY: readonly number[] = [0, 400, 404, 405, 408, 413, 417, 429, 431, 505];

interface Waiting extends Target {
  readonly login: CliProcess;
  readonly url: string;
}

/** Everything that may come to a port of this machine, while a login waits there for its browser. */
export const listenerFuzz: Trial = {
  name: 'listener-fuzz',
  promise: 'no stranger at the login listener ends the login or gets in, and the browser still does',
  rounds: 10_000,
  needs: ['the built command line', '/proc'],

  async run(context) {
    const score = tally();
    const stage = await openEmptyStage();
    const end = context.from + context.rounds;
    for (let first = context.from; first < end; first += PER_LOGIN) {
      await oneLogin(stage, context, first, Math.min(first + PER_LOGIN, end), score);
    }
    await stage.leave();
    const kinds = `${KIND_NAMES.length} kinds of requests`;
    return {
      figure: `${context.rounds} requests of ${kinds} (${score.of('unanswered')} unanswered, ${score.of('too many')} told to stop), ${score.of('crashes')} crashes, ${score.of('finished')} of ${score.of('logins')} logins finished by their own callback`,
      broken: score.all,
    };
  },
};

async function oneLogin(
  stage: Stage,
  context: TrialContext,
  first: number,
  end: number,
  score: Tally,
): Promise<void> {
  score.count('logins');
  const waiting = await startLogin(stage);
  const { pid } = waiting.login.child;
  const before = peakMemory(pid ?? 0);
  const crowd = crowdAt(waiting.port, CROWD);
  for (let round = first; round < end; round += AT_ONCE) {
    const rounds = Array.from({ length: Math.min(AT_ONCE, end - round) }, (_, index) => round + index);
    await Promise.all(rounds.map((each) => oneStranger(waiting, context, each, score)));
  }
  const cost = peakMemory(pid ?? 0) - before;
  if (cost > ROOM) score.broken(first, `the strangers cost ${Math.round(cost)} MiB`);
  await finish(stage, waiting, first, score);
  for (const socket of crowd) socket.destroy();
}

async function startLogin(stage: Stage): Promise<Waiting> {
  const login = stage.start(['login', 'demo', '--no-browser']);
  const url = (await login.stderrLine(/^\s*http:\/\/\S+[?&]state=/)).trim();
  const { searchParams } = new URL(url);
  const redirect = new URL(searchParams.get('redirect_uri') ?? '');
  return {
    login,
    url,
    port: Number(redirect.port),
    host: redirect.host,
    path: redirect.pathname,
    state: searchParams.get('state') ?? '',
  };
}

async function oneStranger(
  waiting: Waiting,
  context: TrialContext,
  round: number,
  score: Tally,
): Promise<void> {
  const random = context.random(round);
  const kind = random.pick(KIND_NAMES);
  try {
    const status = await bother(waiting, kind, random);
    if (status === 0) score.count('unanswered');
    if (status === 429) score.count('too many');
    if (!TURNED_AWAY.includes(status)) score.broken(round, `${kind} was answered with ${status}`);
  } catch (failure) {
    score.count('crashes');
    score.broken(round, `${kind}: ${failure instanceof Error ? failure.message : failure}`);
  }
}

/** The browser comes, after all of them. */
async function finish(stage: Stage, waiting: Waiting, round: number, score: Tally): Promise<void> {
  await walkConsent(waiting.url).catch(() => null);
  const run = await waiting.login.done;
  if (run.exitCode === 0) score.count('finished');
  else score.broken(round, told(run));
  if (score.of('too many') > 0 && !log(stage).includes('"too_many_wrong_states"'))
    score.broken(round, 'nothing was said in the log about too many wrong states');
}

function log(stage: Stage): string {
  return readFileSync(join(stage.home.vault, 'security.log'), 'utf8');
}
