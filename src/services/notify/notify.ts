import { runProgram } from '../../access/programs.js';
import { readNotify } from '../../config/config-json.js';
import type { Context } from '../../context.js';
import { accountName } from '../../domain/account.js';
import { aboutAccount } from '../../domain/audit-events.js';
import { DAY, MINUTE, SECOND } from '../../domain/duration.js';
import { VaultError } from '../../domain/errors.js';
import { command } from '../../domain/hints.js';
import { harmlessJson, quoted } from '../../domain/safe-text.js';
import type { Notification } from '../../stores/contract.js';
import type { BoundedEnd } from '../../system/processes/child.js';
import type { Vault } from '../../vault/vault.js';
import { grantEnd, type Notice, noticesOf } from './notices.js';

/** A state that lasts is notified again after this time. */
const REMINDER = DAY;
/** The delay after an attempt that failed or was killed. */
const RETRY_AFTER = 5 * MINUTE;
const COMMAND_TIMEOUT = 10 * SECOND;

export type NotifyContext = Pick<
  Context,
  'host' | 'paths' | 'clock' | 'audit' | 'vault' | 'providerOrNull' | 'readText' | 'notice' | 'interruption'
>;

/** Runs the notify command with this on its stdin. */
type Run = (command: readonly string[], input: string) => Promise<BoundedEnd>;

/** Sends the due notifications at the end of another command. Failures become notices, never errors. */
export async function notifyDue(ctx: NotifyContext): Promise<void> {
  try {
    const program = notifyCommand(ctx);
    if (program !== null) await deliver(ctx, program, runner(ctx));
  } catch (failure) {
    if (!(failure instanceof VaultError)) throw failure;
    ctx.notice(`no notification was sent: ${failure.message}`);
  }
}

/** `vault notify`. @returns how many notifications were sent @throws VaultError `config_invalid` */
export async function notify(ctx: NotifyContext): Promise<number> {
  return deliver(ctx, requireCommand(ctx), runner(ctx));
}

/** Runs the notify command with an example. @throws VaultError `config_invalid` when it fails */
export async function testNotify(ctx: NotifyContext, run = runner(ctx)): Promise<void> {
  const program = requireCommand(ctx);
  const now = time(ctx.clock.now());
  const line = eventLine({
    event: 'test',
    account: 'example/account@example.com',
    provider: 'example',
    reason: 'a test of the notify command',
    hint: command('list', ctx.paths.profile),
    since: now,
    ends_at: null,
    reminder: false,
    profile: ctx.paths.profile,
    vault: ctx.paths.data,
    time: now,
  });
  const failure = failureOf(await run(program, line));
  if (failure === null) return;
  const name = quoted(program[0] ?? '');
  const byHand = `echo ${quoted(line.trimEnd())} | ${program.map(quoted).join(' ')}`;
  const hints = {
    not_found: `install ${name}, or name another program under notify in config.json`,
    not_executable: `begin it with a line such as #!/bin/sh, and make it executable: chmod u+x ${name}`,
    timed_out: `run it by hand: ${byHand}`,
    failed: `run it by hand: ${byHand}`,
  };
  throw new VaultError('config_invalid', `the notify command ${failure.says}`, { hint: hints[failure.code] });
}

/**
 * Runs the notify command for each due notification, one by one. Only one of several processes does it. Failures become
 * notices and are retried later.
 *
 * @returns how many notifications were sent
 */
export async function deliver(ctx: NotifyContext, program: readonly string[], run: Run): Promise<number> {
  let sent = 0;
  try {
    const vault = await ctx.vault();
    if (vault === null) return 0;
    for (const { notice, row, seen } of await due(ctx, vault)) {
      if (ctx.interruption.aborted) break;
      if (!(await vault.notifications.put(row, seen))) continue;
      // After one failure the others would fail or hang too.
      if (!(await send(ctx, notice, row, () => run(program, eventLine(documentOf(ctx, notice, row)))))) break;
      sent += 1;
      await vault.notifications.put({ ...row, notifiedAt: row.triedAt }, row.triedAt);
    }
  } catch (failure) {
    if (!(failure instanceof VaultError)) throw failure;
    ctx.notice(`no notification was sent: ${failure.message}`);
  }
  return sent;
}

interface Due {
  readonly notice: Notice;
  readonly row: Notification;
  /** The current `triedAt` of the row. */
  readonly seen: number | null;
}

/** Also deletes the rows of states that have ended. Rows are read before accounts, so no new state is taken for ended. */
async function due({ clock, paths, providerOrNull }: NotifyContext, vault: Vault): Promise<readonly Due[]> {
  const rows = new Map(
    (await vault.notifications.all()).map((row) => [`${row.accountId} ${row.event}`, row]),
  );
  const now = clock.now();
  const found: Due[] = [];
  for (const account of await vault.accounts()) {
    const end = await grantEnd(account, vault.consents, providerOrNull);
    // A guess that has passed was wrong.
    const valid = end !== null && end.why !== null && end.at <= now ? null : end;
    for (const notice of noticesOf(account, valid, now, paths.profile)) {
      const key = `${account.id} ${notice.event}`;
      const seen = rows.get(key);
      rows.delete(key);
      const row = nextRow(notice, seen ?? null, now);
      if (row !== null) found.push({ notice, row, seen: seen?.triedAt ?? null });
      else if (seen !== undefined && hasMoved(seen, notice))
        await vault.notifications.put({ ...seen, endsAt: notice.endsAt }, seen.triedAt);
    }
  }
  for (const row of rows.values()) await vault.notifications.forget(row);
  return found;
}

/** @returns the row to claim; null when the notice is not due */
function nextRow(notice: Notice, seen: Notification | null, now: number): Notification | null {
  const { event, endsAt, since } = notice;
  const row = { accountId: notice.account.id, event, endsAt, triedAt: now };
  if (seen === null) return { ...row, since, notifiedAt: null };
  // Absolute, because after a clock was set back nothing must be silenced for longer.
  if (Math.abs(now - seen.triedAt) < RETRY_AFTER || hasMoved(seen, notice)) return null;
  if (seen.notifiedAt !== null && Math.abs(now - seen.notifiedAt) < REMINDER) return null;
  return { ...row, since: seen.since, notifiedAt: seen.notifiedAt };
}

/** Each refresh moves the end of such a grant, so the user has nothing to do. */
function hasMoved(seen: Notification, { endsAt }: Notice): boolean {
  return seen.endsAt !== null && endsAt !== null && endsAt - seen.endsAt > MINUTE;
}

/** @returns whether the command succeeded */
async function send(
  { audit, interruption, notice: print }: NotifyContext,
  { account, event }: Notice,
  { notifiedAt }: Notification,
  run: () => Promise<BoundedEnd>,
): Promise<boolean> {
  const failure = failureOf(await run());
  const facts = { about: event, ...aboutAccount(account) };
  if (failure === null) {
    audit.record({ event: 'notified', ...facts, reminder: notifiedAt !== null });
    return true;
  }
  audit.record({ event: 'notify_failed', ...facts, why: failure.code });
  if (!interruption.aborted) {
    const what = `${accountName(account)}: ${event.replace('_', ' ')}`;
    print(`the notify command ${failure.says}; not sent: ${what}; it is retried later`);
  }
  return false;
}

function failureOf(end: BoundedEnd) {
  if (end.kind === 'timed_out')
    return { code: 'timed_out', says: 'did not end in time and was killed' } as const;
  if (end.kind === 'not_started') {
    if (end.code === 'ENOENT') return { code: 'not_found', says: 'does not exist' } as const;
    return { code: 'not_executable', says: 'cannot be run' } as const;
  }
  if (end.exitCode === 0) return null;
  return { code: 'failed', says: `failed with exit code ${end.exitCode}` } as const;
}

type EventDocument = Omit<ReturnType<typeof documentOf>, 'event'> & {
  readonly event: Notice['event'] | 'test';
};

/** The JSON on the command's stdin. Its members are an API: new ones may be added, none is removed. */
function documentOf({ clock, paths }: NotifyContext, notice: Notice, row: Notification) {
  return {
    event: notice.event,
    account: accountName(notice.account),
    provider: notice.account.provider,
    reason: notice.reason,
    hint: notice.hint,
    since: time(row.since),
    /** The end of the grant, for `grant_ending`. */
    ends_at: notice.endsAt === null ? null : time(notice.endsAt),
    /** Whether it was notified before. */
    reminder: row.notifiedAt !== null,
    profile: paths.profile,
    vault: paths.data,
    time: time(clock.now()),
  };
}

/** The command may print the line on a terminal or mail it. */
function eventLine(document: EventDocument): string {
  return `${harmlessJson(JSON.stringify(document))}\n`;
}

function time(at: number): string {
  return new Date(at).toISOString();
}

/**
 * Null when no command is set. A file that does not contain the word is not parsed, because this runs after many commands.
 */
function notifyCommand({ paths, readText }: NotifyContext): readonly string[] | null {
  const text = readText(paths.configFile);
  return text?.includes('"notify"') === true ? readNotify(text, paths.configFile) : null;
}

function requireCommand(ctx: NotifyContext): readonly string[] {
  const program = notifyCommand(ctx);
  if (program !== null) return program;
  throw new VaultError('config_invalid', 'no notify command is set', {
    hint: `set one, for example: ${command('config set notify /usr/local/bin/notify-me')}`,
  });
}

function runner({ host }: NotifyContext): Run {
  return ([program = '', ...args], input) =>
    runProgram(host, program, args, { input: Buffer.from(input, 'utf8'), limit: COMMAND_TIMEOUT });
}
