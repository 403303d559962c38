import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createCanaries } from '../test/harness/canaries.js';
import type { Trial } from './contract.js';
import { openEcho } from './room/echo.js';
import { type Cage, INJECTIONS } from './room/injected.js';
import { quiet } from './room/processes.js';
import type { Random } from './room/random.js';
import { type Tally, tally } from './room/rounds.js';
import { openEmptyStage, told } from './room/stage.js';

/** Rounds after which the account is logged in again, since most of what is done to it ends it. */
const HEALED = 5;
/** Rounds in one vault: after ten logins within an hour each further one would wait. */
const IN_ONE = 10;
/** How a command ends that met what was done to it; 1 is a bug, and no code at all a crash. */
const EXPECTED: readonly (number | null)[] = [0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];
const PLANTED = 'planted-secret-example-3f9c1b7a5d2e8064';
const ODDITIES = Object.keys(INJECTIONS);

/** Everything goes wrong at which a program says more than it should, and all it said and wrote is searched. */
export const canaries: Trial = {
  name: 'canaries',
  promise: 'no error, crash or debugging makes a secret appear in an output, a log, a file or a process',
  rounds: 500,
  needs: ['the built command line', '/proc'],

  async run(context) {
    const score = tally();
    const end = context.from + context.rounds;
    for (let from = context.from; from < end; from += IN_ONE) {
      const cage = await openCage();
      for (let round = from; round < Math.min(from + IN_ONE, end); round += 1) {
        if ((round - from) % HEALED === 0) await heal(cage);
        await inject(cage, round, context.random(round), score);
      }
      score.count('commands', cage.stage.home.runs.filter(({ args }) => args[0] !== '/proc').length);
      score.count('secrets', await search(cage, score));
    }
    return {
      figure: `${context.rounds} errors of ${ODDITIES.length} kinds in ${score.of('commands')} commands; outputs, logs, database, spill and the arguments and environments of ${score.of('processes')} processes searched for ${score.of('secrets')} secrets: ${score.of('canaries')} hits`,
      broken: score.all,
    };
  },
};

async function inject(cage: Cage, round: number, random: Random, score: Tally): Promise<void> {
  // In turn, so that few rounds meet every kind.
  const name = ODDITIES[round % ODDITIES.length] ?? '';
  const met = await INJECTIONS[name]?.(cage, random);
  cage.echo.manner = null;
  if (met === undefined) return;
  const { run, sightings } = met;
  score.count('processes', sightings.processes);
  cage.stage.home.runs.push({ ...run, args: ['/proc'], stdout: '', stderr: sightings.text });
  if (name !== 'a crash' && !EXPECTED.includes(run.exitCode)) score.broken(round, `${name}: ${told(run)}`);
}

async function openCage(): Promise<Cage> {
  let target = '';
  const echo = await openEcho(() => target);
  const stage = await openEmptyStage({
    server: { plain: true, clientAuth: 'post', knobs: { responseIss: false } },
    provider: { tokenEndpoint: echo.url, clientAuth: 'post' },
  });
  target = stage.demo.endpoints.token;
  const env = { DEMO_CLIENT_SECRET: stage.demo.client.secret ?? '' };
  return { stage, echo, env, planted: PLANTED };
}

async function heal({ stage, env }: Cage): Promise<void> {
  // A fault that no command has met yet may still lie in wait.
  for (let attempt = 1; ; attempt += 1) {
    const run = await stage.logIn([], {}, { env });
    if (run.exitCode === 0) return;
    if (attempt === 3) throw new Error(told(run));
  }
}

/** @returns how many secrets were looked for */
async function search({ stage, echo, planted }: Cage, score: Tally): Promise<number> {
  const { home, demo } = stage;
  await quiet(home);
  const known = createCanaries();
  for (const value of demo.secrets()) {
    if (value.startsWith('demo-access-')) known.accessToken(value);
    else known.secret(value);
  }
  known.secret(planted, ...(demo.client.secret === null ? [] : [demo.client.secret]));
  const key = readFileSync(join(home.vault, 'master.key'), 'latin1').trim();
  known.masterKey(key, Buffer.from(key, 'base64url').toString('hex'));
  for (const trace of known.traces(home)) {
    score.count('canaries');
    score.broken(null, trace);
  }
  await stage.leave();
  await echo.close();
  return known.size;
}
