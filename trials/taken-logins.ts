import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type DemoStage, openDemoStage } from '../test/harness/demo-stage.js';
import { giveProgramTo } from '../test/harness/ordinary-user.js';
import type { Trial } from './contract.js';
import type { Random } from './room/random.js';
import { inLanes, type Tally, tally } from './room/rounds.js';

const LANES = 2;
const [PERSON, TAKER] = [61_001, 61_002];
/** Longer than a login may take, and than a report of the other user may be late, in milliseconds. */
const PATIENCE = 60_000;
const LATE = 5_000;
/** The longest time that a browser takes to start, in milliseconds: the other user is there first. */
const COLD_START = 120;
const VISITOR = fileURLToPath(new URL('./room/visitor.mjs', import.meta.url));
const TAKING = fileURLToPath(new URL('./room/taker.mjs', import.meta.url));

interface Report {
  readonly start: string;
  readonly answers: Readonly<Record<string, number>>;
  readonly unanswered: number;
}

interface Machine extends DemoStage {
  readonly program: string;
  /** Bytes of the log that have been read. */
  read: number;
}

/** A second user of the machine, who sees the arguments of every browser, while a person logs in again and again. */
export const takenLogins: Trial = {
  name: 'taken-logins',
  promise:
    'another user who reads /proc and races the browser of a login gets no account in, and is recorded',
  rounds: 1_000,
  needs: ['the built command line', 'another user', '/proc'],

  async run(context) {
    const score = tally();
    const { child, reports } = await startTaker();
    await inLanes(context, score, LANES, {
      open: openMachine,
      round: (machine, round, random) => oneLogin(machine, reports, round, random, score),
      async leave(machine) {
        const { stdout } = await vault(machine, ['list', '--json']);
        const names = [...stdout.matchAll(/"account": ?"([^"]*)"/g)].map(([, name]) => name);
        if (names.join() !== 'demo/ada@example.com') score.broken(null, `the accounts are ${names.join()}`);
        await machine.demo.close();
        machine.home.remove();
      },
    });
    child.stdin?.end();
    if (score.of('raced') === 0) score.broken(null, 'the other user has seen no login');
    return {
      figure: `${score.of('logins')} logins, ${score.of('raced')} seen by the other user, ${score.of('attempts')} attempts, all turned away, ${score.of('recorded')} recorded; 0 accounts of theirs`,
      broken: score.all,
    };
  },
};

async function startTaker(): Promise<{ child: ChildProcess; reports: Map<string, Report> }> {
  const child = spawn(process.execPath, [TAKING, String(TAKER)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const reports = new Map<string, Report>();
  const lines = createInterface({ input: child.stdout });
  const ready = once(lines, 'line');
  lines.on('line', (line) => {
    const said = JSON.parse(line) as Report | 'ready';
    if (said !== 'ready') reports.set(said.start, said);
  });
  await ready;
  return { child, reports };
}

async function openMachine(): Promise<Machine> {
  const stage = await openDemoStage();
  copyFileSync(VISITOR, join(stage.home.root, 'visitor.mjs'));
  return { ...stage, program: giveProgramTo(stage.home, PERSON, PERSON), read: 0 };
}

function vault(
  { home, program }: Machine,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ exitCode: number | null; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const own = { uid: PERSON, gid: PERSON, cwd: '/', env: { ...home.env, ...env }, timeout: PATIENCE };
    const child = execFile(process.execPath, [program, ...args], own, (_, stdout, stderr) =>
      resolve({ exitCode: child.exitCode, stdout, stderr }),
    );
    child.stdin?.end();
  });
}

async function oneLogin(
  machine: Machine,
  reports: Map<string, Report>,
  round: number,
  random: Random,
  score: Tally,
): Promise<void> {
  const browser = `${process.execPath} ${join(machine.home.root, 'visitor.mjs')} ${random.whole(COLD_START)} %s`;
  const run = await vault(machine, ['login', 'demo', '--verbose'], { BROWSER: browser });
  score.count('logins');
  if (run.exitCode !== 0 || run.stdout !== 'demo/ada@example.com\n') {
    score.broken(round, `the login ended with ${run.exitCode}: ${run.stderr.replaceAll('\n', ' | ')}`);
  }
  const recorded = otherUsers(machine);
  score.count('recorded', recorded);
  const start = /http:\/\/127\.0\.0\.1:\d+\/[\w-]{43}/.exec(run.stderr)?.[0];
  if (start === undefined) return score.broken(round, `no start page was named: ${run.stderr}`);
  const report = await reportOf(reports, start, recorded > 0);
  if (report === null) return;
  score.count('raced');
  const { 403: away = 0, ...others } = report.answers;
  score.count('attempts', away);
  if (Object.keys(others).length > 0) score.broken(round, `they were answered ${JSON.stringify(others)}`);
  if (recorded < away || recorded > away + report.unanswered)
    score.broken(round, `${away} attempts were turned away, and ${recorded} recorded`);
}

/** How many attempts of other users the log tells of since the last time. */
function otherUsers(machine: Machine): number {
  const log = readFileSync(join(machine.home.vault, 'security.log'), 'utf8');
  const fresh = log.slice(machine.read).trim().split('\n');
  machine.read = log.length;
  const counts = fresh.map((line) => JSON.parse(line) as { why?: string; count?: number });
  return Math.max(0, ...counts.map(({ why, count = 0 }) => (why === 'other_user' ? count : 0)));
}

/** @returns null when the other user has not seen the login at all */
async function reportOf(
  reports: Map<string, Report>,
  start: string,
  expected: boolean,
): Promise<Report | null> {
  for (let waited = 0; !reports.has(start) && waited < (expected ? LATE : 100); waited += 10) await sleep(10);
  return reports.get(start) ?? null;
}
