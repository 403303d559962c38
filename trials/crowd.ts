import { setTimeout as sleep } from 'node:timers/promises';
import type { CliRun } from '../test/harness/cli.js';
import { consenting, logIn as logInAs } from '../test/harness/login.js';
import type { Trial } from './contract.js';
import type { Random } from './room/random.js';
import { type Tally, tally } from './room/rounds.js';
import { openEmptyStage, type Stage, told } from './room/stage.js';
import { together } from './room/together.js';

const PROVIDERS = ['demo', 'demo-b', 'demo-c', 'demo-d', 'demo-e'];
const PEOPLE = ['ada', 'grace'] as const;
/** The one that is revoked in the middle of it. */
const DOOMED = 'demo-e/grace@example.com';
/** Milliseconds within which all of them start. */
const SPREAD = 1_000;
const BUSY_WORDS = /database is locked|SQLITE_/i;

/** Everything at once: scripts, cron jobs, a login and a revocation. */
export const crowd = crowdOf(100);

/** @param size how many processes */
export function crowdOf(size: number): Trial {
  return {
    name: 'crowd',
    promise: `${size} processes over ten accounts send each refresh token once at most and never see a locked database`,
    rounds: 5,
    needs: ['the built command line'],

    async run(context) {
      const score = tally();
      const stage = await openEmptyStage();
      const config = stage.home.config();
      const providers = Object.fromEntries(PROVIDERS.map((name) => [name, config.providers['demo'] ?? {}]));
      stage.home.configure({ ...config, providers });
      for (let round = context.from; round < context.from + context.rounds; round += 1) {
        await oneRound(stage, size, round, context.random(round), score);
      }
      await stage.leave();
      return {
        figure: `${context.rounds} rounds of ${size} processes: ${score.of('requests')} refreshes for ${score.of('accounts')} expired accounts, the most sends of one refresh token ${score.of('most')}, ${score.of('locked')} told of a locked database, ${score.of('failed')} failed`,
        broken: score.all,
      };
    },
  };
}

async function oneRound(
  stage: Stage,
  size: number,
  round: number,
  random: Random,
  score: Tally,
): Promise<void> {
  const { demo } = stage;
  demo.knobs.accessTokenLifetime = 1;
  const pairs = PROVIDERS.flatMap((provider) => PEOPLE.map((person) => [provider, person] as const));
  const accounts = await Promise.all(pairs.map(([provider, person]) => logIn(stage, provider, person)));
  demo.knobs.accessTokenLifetime = 3_600;
  await sleep(1_100);
  stage.events();

  const kinds = ['refresh', 'revoke', ...Array.from({ length: size - 3 }, () => pickKind(random))];
  const starts = random.shuffled(kinds).map((kind) => ({
    args: argsOf(kind, random.pick(accounts)),
    delay: random.below(SPREAD),
  }));
  const [runs, login] = await Promise.all([together(stage.home, starts), walk(stage, 'demo', 'ada')]);
  for (const run of [...runs, login]) judge(run, round, score);

  const rotated = stage.events().filter(({ kind }) => kind === 'rotated').length;
  score.count('requests', rotated);
  score.count('accounts', accounts.length);
  const most = Math.max(...demo.refreshUses.values());
  score.count('most', most - score.of('most'));
  if (most > 1) score.broken(round, `a refresh token was sent ${most} times`);
  const left = accounts.filter((name) => name !== DOOMED);
  const after = left.map((account) => stage.vault(['token', account, '--refresh']));
  for (const last of await Promise.all(after)) {
    if (last.exitCode !== 0) score.broken(round, `afterwards: ${told(last)}`);
  }
  stage.home.runs.length = 0;
}

function pickKind(random: Random): string {
  return random.below(1) < 0.1 ? 'refresh' : 'token';
}

function argsOf(kind: string, account: string): readonly string[] {
  if (kind === 'refresh') return ['refresh', '--all'];
  return kind === 'revoke' ? ['revoke', DOOMED, '--yes'] : ['token', account];
}

async function logIn(stage: Stage, provider: string, person: (typeof PEOPLE)[number]): Promise<string> {
  const login = await walk(stage, provider, person);
  if (login.exitCode !== 0) throw new Error(told(login));
  return login.stdout.trim();
}

function walk(stage: Stage, provider: string, person: (typeof PEOPLE)[number]): Promise<CliRun> {
  return logInAs(stage.home, [provider], consenting({ person }), { timeout: 180_000 });
}

function judge(run: CliRun, round: number, score: Tally): void {
  if (BUSY_WORDS.test(`${run.stdout}${run.stderr}`)) {
    score.count('locked');
    score.broken(round, told(run));
  }
  const gone = run.args[0] === 'token' && run.args[1] === DOOMED && run.exitCode === 3;
  // A refresh of all may meet the account that is just being revoked.
  const met = run.args[0] === 'refresh' && run.exitCode === 8 && run.stderr.includes(DOOMED);
  if (run.exitCode === 0 || gone || met) return;
  score.count('failed');
  score.broken(round, told(run));
}
