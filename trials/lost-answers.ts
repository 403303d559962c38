import { setTimeout as sleep } from 'node:timers/promises';
import { type CliRun, startVault } from '../test/harness/cli.js';
import type { Trial, TrialContext } from './contract.js';
import { FATES, type Send } from './room/lossy-server.js';
import { type LossyVault, openLossyVault, type Stored } from './room/lossy-vault.js';
import { endProcess, quiet, refresherOf } from './room/processes.js';
import type { Random } from './room/random.js';
import { inLanes, type Tally, tally } from './room/rounds.js';
import { told } from './room/stage.js';

/** Most of a round is waiting for servers that are away. */
const LANES = 8;
/** Accounts in one vault, each a round of its own: one command refreshes them all. */
const IN_ONE = 8;
const HOUR = 3_600_000;
/** An access token that ends so soon counts as ended. */
const MARGIN = 10_000;
/** How long a token works that ends in the middle of a round, in milliseconds. */
const SOON = 3_000;
const GRACE = 5_000;
const MOST_SENDS = 2;
const OPEN_WORDS = /may have replaced the refresh token/;
const LOSS_WORDS = /was interrupted before its answer was stored/;

/** Answers are lost and repeats refused, reset, led elsewhere or killed, in any order. */
export const lostAnswers: Trial = {
  name: 'lost-answers',
  promise:
    'a refresh token that may have arrived is not sent again while an access token works, and no lost answer is forgotten',
  rounds: 2_000,
  needs: ['the built command line', '/proc'],

  async run(context) {
    const score = tally();
    const groups = { ...context, from: 0, rounds: Math.ceil(context.rounds / IN_ONE) };
    await inLanes<LossyVault>(groups, score, LANES, {
      open: () => openLossyVault(IN_ONE),
      leave: (vault) => vault.close(),
      round: (vault, group) => oneGroup(vault, context, group * IN_ONE, score),
    });
    return {
      figure: `${context.rounds} rounds, ${score.of('sends')} sends, ${score.of('open')} outcomes left open, ${score.of('killed')} refreshers killed: ${score.of('twice')} tokens sent twice where the first send may have arrived and a usable token was at hand, ${score.of('settled')} settled intents with an open outcome, ${score.of('losses')} losses, ${score.of('unnamed')} of them not named as such`,
      broken: score.all,
    };
  },
};

/** One account of a group. */
interface Round {
  readonly number: number;
  readonly index: number;
  /** When its access token ends. */
  readonly end: number;
  /** All sends of this round, before the command that is judged. */
  seen: number;
  /** A refresher was killed, perhaps before it sent anything. */
  cutOff: boolean;
}

async function oneGroup(
  vault: LossyVault,
  context: TrialContext,
  first: number,
  score: Tally,
): Promise<void> {
  const size = Math.min(IN_ONE, context.rounds - first);
  const from = context.from + first;
  const random = context.random(from);
  const soon = random.below(1) < 0.2;
  const now = Date.now();
  const rounds = Array.from({ length: size }, (_, index): Round => {
    const own = context.random(from + index);
    const server = vault.servers[index];
    if (server === undefined) throw new Error('there is a server for each round');
    server.grace = own.pick([0, GRACE]);
    server.fates = Array.from({ length: 1 + own.whole(4) }, () => own.pick(FATES));
    server.sends.length = 0;
    const life = own.pick([HOUR, HOUR, 0, soon ? MARGIN + SOON : 0]);
    return { number: from + index, index, end: now + life, seen: 0, cutOff: false };
  });
  await vault.renew(rounds.map(({ end }) => end));
  const names = rounds.map(({ index }) => vault.names[index] ?? '');
  const commands = random.shuffled(commandsFor(names)).slice(0, 2);
  let explicit = false;
  for (const { args, named } of commands) {
    explicit ||= named;
    await oneCommand(vault, rounds, args, named, random, score);
  }
  if (soon) await sleep(Math.max(0, now + SOON + 500 - Date.now()));
  await oneCommand(vault, rounds, ['refresh', '--all', '--json'], false, random, score);
  for (const { index, number, end } of rounds) {
    const { sends = [], alive = false } = vault.servers[index] ?? {};
    const works = end - Date.now() > MARGIN || renewed(sends, sends.length - 1);
    if (works && !explicit && !alive)
      score.broken(number, 'an access token that worked was lost, though nobody asked for a refresh by name');
  }
  for (const server of vault.servers) server.fates = [];
  vault.home.runs.length = 0;
}

function commandsFor(names: readonly string[]) {
  return [
    { args: ['refresh', '--all', '--json'], named: false },
    { args: ['refresh', '--all', '--force', '--json'], named: false },
    { args: ['refresh', ...names, '--json'], named: false },
    { args: ['refresh', ...names, '--force', '--json'], named: true },
  ];
}

async function oneCommand(
  vault: LossyVault,
  rounds: readonly Round[],
  args: readonly string[],
  named: boolean,
  random: Random,
  score: Tally,
): Promise<void> {
  const { home, servers } = vault;
  const command = startVault(args, home, { timeout: 150_000 });
  const { child } = command;
  let killed = false;
  const pid = refresherOf(child.pid ?? 0, () => child.exitCode !== null || child.signalCode !== null);
  for (const server of servers) {
    server.absence = random.pick([200, 1_000, 3_000]);
    server.onHeld = () => {
      killed = true;
      void Promise.all([pid, sleep(random.whole(20))]).then(([refresher]) => {
        if (refresher !== null) endProcess(refresher, 'SIGKILL');
      });
    };
  }
  const run = await command.done;
  await quiet(home);
  if (killed) score.count('killed');
  const stored = await vault.look();
  for (const round of rounds) judge(vault, round, stored[round.index], run, { named, killed }, score);
}

function judge(
  { servers, names }: LossyVault,
  round: Round,
  stored: Stored | undefined,
  run: CliRun,
  { named, killed }: { readonly named: boolean; readonly killed: boolean },
  score: Tally,
): void {
  const sends = servers[round.index]?.sends ?? [];
  const fresh = sends.slice(round.seen);
  const broken = (what: string) => score.broken(round.number, `${what}: ${told(run).slice(0, 300)}`);
  score.count('sends', fresh.length);
  if (stored === undefined) throw new Error('there is an account for each round');

  for (const [index, send] of fresh.entries()) {
    const before = sends.slice(0, round.seen + index).filter(({ token }) => token === send.token);
    const usable = round.end - send.at > MARGIN || renewed(sends, round.seen + index);
    const ordered = named && fresh.slice(0, index).every(({ turnedAway }) => turnedAway);
    if (before.some(({ open }) => open) && usable && !ordered) {
      score.count('twice');
      broken('sent twice though the first send may have arrived and a token was at hand');
    }
  }
  if (fresh.length > MOST_SENDS) broken(`${fresh.length} sends by one command`);

  const own = sends.filter(({ token }) => token === stored.refresh);
  // A grant that was answered and is not stored is lost as well.
  const open = own.some((send) => send.open || send.granted);
  const dead = own.some((send) => send.dead);
  if (open && !dead) {
    score.count('open');
    if (stored.intent === null) {
      score.count('settled');
      broken('the intent was settled though the outcome is open');
    }
    sayOpen(run, names[round.index] ?? '', killed, broken);
  }
  round.cutOff ||= killed;
  if (!open && !round.cutOff && stored.intent !== null) broken('an intent is left though nothing is open');
  if (dead && fresh.some((send) => send.dead)) {
    score.count('losses');
    if (!open) broken('the server refused a token that was never lost');
    // Killed before it could write that down, the next one hears it again.
    if (stored.status === 'login_needed' ? !LOSS_WORDS.test(stored.reason ?? '') : !killed) {
      score.count('unnamed');
      broken(`the loss is not named: ${stored.status}, ${stored.reason}`);
    }
  }
  round.seen = sends.length;
}

/** Whether a grant came through before this send, so that another access token is stored. */
function renewed(sends: readonly Send[], until: number): boolean {
  const current = sends[until]?.token;
  return sends.slice(0, until).some(({ token }) => token !== current);
}

/** What the command said of an account whose outcome is open. */
function sayOpen({ stdout }: CliRun, name: string, killed: boolean, broken: (what: string) => void): void {
  const { results = [] } = JSON.parse(stdout) as { results?: readonly Record<string, unknown>[] };
  const said = JSON.stringify(results.find(({ account }) => account === name) ?? {});
  if (/nothing is lost/.test(said)) broken(`it says that nothing is lost: ${said}`);
  // Of an account that rests after failures nothing new is said, and a killed refresher says nothing.
  if (!OPEN_WORDS.test(said) && !killed && !/is tried again in|skipped until|no refresh until/.test(said))
    broken(`it does not say that the outcome is open: ${said}`);
}
