import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { slow } from '../test/doubles/demo-faults.js';
import type { CliRun } from '../test/harness/cli.js';
import type { Trial } from './contract.js';
import type { Random } from './room/random.js';
import { inLanes, tally } from './room/rounds.js';
import { openEmptyStage, type Stage, told } from './room/stage.js';
import { demand } from './room/sweep.js';

/** Most rounds wait, for a database that is held for longer than a process has patience. */
const LANES = 8;
const SIZE = '2m';
/** Bytes of a slot in `spill/`, of which the first says whether an answer is in it. */
const SLOT = 65_536;
const ACCOUNT = 'demo/ada@example.com';

const ACTS = [
  'login',
  'revoke',
  'backup',
  'key rotate',
  'key rotate --data --yes',
  'restore',
  'refresh',
] as const;
type Act = (typeof ACTS)[number];
/** What keeps the database from being written: held until the refresh has given up, held for a moment, no room left. */
const HINDRANCES = ['none', 'busy', 'brief', 'full', 'full'] as const;
type Hindrance = (typeof HINDRANCES)[number];

/** At a strict server: any refresh token that is sent twice ends the grant. */
export const crossings: Trial = {
  name: 'crossings',
  promise:
    'login, revoke, backup, new keys and restore, during a refresh or right after one whose answer could not be stored, lose no refresh token, send none twice, and leave no grant alive that was said to be revoked',
  rounds: 1_000,
  needs: ['the built command line', '/proc', 'a small tmpfs'],

  async run(context) {
    const score = tally();
    await inLanes(context, score, LANES, {
      async open() {
        const stage = await openEmptyStage();
        const config = stage.home.config();
        execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE},mode=700`, 'none', stage.home.vault]);
        stage.home.configure(config);
        return stage;
      },
      async leave(stage) {
        execFileSync('umount', ['--lazy', stage.home.vault]);
        await stage.leave();
      },
      async round(stage, _, random) {
        try {
          await cross(stage, random, score.count);
        } catch (failure) {
          // The next round begins with a vault of its own.
          for (const name of readdirSync(stage.home.vault)) {
            if (name !== 'config.json') rmSync(join(stage.home.vault, name), { recursive: true });
          }
          throw failure;
        }
      },
    });
    const lost = score.all.length;
    return {
      figure: `${context.rounds} rounds: ${score.of('waited')} answers waited beside the database, ${score.of('revoked')} grants revoked, ${score.of('restored')} vaults restored, ${lost} rounds in which something was lost, sent twice or left alive`,
      broken: score.all,
    };
  },
};

async function cross(stage: Stage, random: Random, count: (what: string) => void): Promise<void> {
  stage.home.runs.length = 0;
  if ((await stage.vault(['show', ACCOUNT])).exitCode !== 0) await logIn(stage);
  const act = random.pick(ACTS);
  const hindrance = random.pick(HINDRANCES);
  const during = random.whole(2) === 0;
  const freeFirst = random.whole(2) === 0;
  const what = `${act} ${during ? 'during' : 'after'} a refresh, database: ${hindrance}${freeFirst ? ', free again before' : ''}`;
  if (act === 'restore') await must(stage, ['backup', backupOf(stage), '--force']);
  stage.events();
  stage.demo.next('token', slow('after', 100 + random.whole(400)));
  const refresh = stage.start(['token', ACCOUNT, '--refresh']);
  let ended = false;
  void refresh.done.then(() => {
    ended = true;
  });
  while (!stage.events().some(({ kind }) => kind === 'rotated')) {
    demand(!ended, `nothing was refreshed: ${ended ? told(await refresh.done) : ''}`);
    await sleep(5);
  }
  const free = hinder(stage, hindrance, 50 + random.whole(1_500));
  const family = currentFamily(stage);
  let acted: CliRun;
  try {
    if (during) {
      await sleep(random.whole(600));
      const acting = perform(stage, act);
      await refresh.done;
      if (freeFirst) free();
      acted = await acting;
    } else {
      await refresh.done;
      if (waiting(stage)) count('waited');
      if (freeFirst) free();
      acted = await perform(stage, act);
    }
  } finally {
    free();
  }
  const reports = [await refresh.done, acted].map(told).join('; ');
  demand([0, 4, 8, 9, 10].includes(acted.exitCode ?? -1), `${what}: ${reports}`);
  await judge(stage, act, acted, family, count).catch((failure: Error) => {
    throw new Error(`${what}: ${failure.message}; before: ${reports}`);
  });
}

async function judge(
  stage: Stage,
  act: Act,
  acted: CliRun,
  family: number,
  count: (what: string) => void,
): Promise<void> {
  const before = stage.demo.log.length;
  if (act === 'revoke' && /"outcome": ?"revoked"/.test(acted.stdout)) {
    count('revoked');
    demand(isDead(stage, family), `grant ${family} was said to be revoked and is alive`);
    demand(!waiting(stage), 'an answer of the revoked account waits');
  } else if (act === 'restore' && acted.exitCode === 0) {
    count('restored');
    const next = await stage.vault(['token', ACCOUNT, '--refresh']);
    if (next.exitCode === 9) {
      demand(stage.demo.log.length === before, 'an older vault has sent something');
      await must(stage, ['doctor', '--accept-rollback', '--yes']);
      await logIn(stage);
    } else {
      // Nothing had been stored since the backup: it is no older vault, and takes in what waits.
      demand(next.exitCode === 0, told(next));
      await must(stage, ['token', ACCOUNT, '--refresh']);
    }
  } else {
    for (let time = 1; time <= 2; time += 1) await must(stage, ['token', ACCOUNT, '--refresh']);
    demand(!waiting(stage), 'an answer waits still');
  }
  const twice = stage.demo.log.filter(({ kind }) => kind === 'reuse_detected').length;
  demand(twice === seenTwice(stage, twice), 'a refresh token was sent twice');
}

const twiceBefore = new WeakMap<Stage, number>();

/** @returns how often it had happened before this round */
function seenTwice(stage: Stage, now: number): number {
  const before = twiceBefore.get(stage) ?? 0;
  twiceBefore.set(stage, now);
  return before;
}

function perform(stage: Stage, act: Act): Promise<CliRun> {
  switch (act) {
    case 'login':
      return stage.logIn([], { person: 'ada' });
    case 'revoke':
      return stage.vault(['revoke', ACCOUNT, '--yes', '--json']);
    case 'backup':
      return stage.vault(['backup', backupOf(stage), '--force']);
    case 'restore':
      return stage.vault(['restore', backupOf(stage), '--yes']);
    case 'refresh':
      return stage.vault(['refresh', ACCOUNT, '--force']);
    default:
      return stage.vault(act.split(' '));
  }
}

async function logIn(stage: Stage): Promise<void> {
  const run = await stage.logIn([], { person: 'ada' });
  demand(run.exitCode === 0, told(run));
}

async function must(stage: Stage, args: readonly string[]): Promise<void> {
  const run = await stage.vault(args);
  demand(run.exitCode === 0, told(run));
}

/** Keeps the database from being written. @returns what ends it, once */
function hinder(stage: Stage, how: Hindrance, moment: number): () => void {
  if (how === 'none') return () => {};
  if (how === 'full') {
    const ballast = join(stage.home.vault, 'ballast');
    fill(ballast);
    return () => rmSync(ballast, { force: true });
  }
  const database = new Database(join(stage.home.vault, 'vault.db'), { timeout: 2_000 });
  database.exec('BEGIN EXCLUSIVE');
  const free = () => void (database.open && database.close());
  if (how === 'brief') setTimeout(free, moment);
  return free;
}

function fill(path: string): void {
  const file = openSync(path, 'w', 0o600);
  try {
    for (;;) writeSync(file, Buffer.alloc(4_096, 1));
  } catch (failure) {
    if (!(failure instanceof Error && 'code' in failure && failure.code === 'ENOSPC')) throw failure;
  } finally {
    closeSync(file);
  }
}

/** Whether an answer lies beside the database. */
function waiting(stage: Stage): boolean {
  const folder = join(stage.home.vault, 'spill');
  return readdirSync(folder).some((name) => {
    const bytes = readFileSync(join(folder, name));
    for (let at = 0; at < bytes.length; at += SLOT) if (bytes[at] === 1) return true;
    return false;
  });
}

/** The one that the vault holds: of the last login that brought tokens. */
function currentFamily(stage: Stage): number {
  return stage.demo.log.findLast(({ kind }) => kind === 'code_redeemed')?.family ?? 0;
}

function isDead(stage: Stage, family: number): boolean {
  const ends = ['revoked', 'family_killed'];
  return stage.demo.log.some((event) => event.family === family && ends.includes(event.kind));
}

const backupOf = (stage: Stage) => join(stage.home.home, 'backup');
