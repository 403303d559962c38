import { type Audit, aboutAccount } from '../../audit/events.js';
import { type Account, accountName } from '../../domain/account.js';
import { DAY, MINUTE } from '../../domain/duration.js';
import { VaultError } from '../../domain/errors.js';
import type { GrantLimit } from '../../providers/contract.js';
import type { Notification } from '../../stores/contract.js';
import type { Clock } from '../../system/contract.js';
import type { BoundedEnd } from '../../system/processes/child.js';
import type { Vault } from '../../vault/vault.js';
import { type GrantEnd, likelyEnd, type Notice, noticesOf } from './notices.js';
import { eventDocument, eventLine, type Where } from './notify-event.js';

/** For as long as a state lasts it is told again. */
const REMINDER = DAY;
/** How long the next try waits after one that failed, or whose process was killed. */
const PAUSE = 5 * MINUTE;

export interface NotifyDeps extends Where {
  /** The user's command and its arguments. */
  readonly command: readonly string[];
  readonly vault: () => Promise<Vault | null>;
  readonly clock: Clock;
  readonly audit: Audit;
  /** Runs the command with this on its stdin, for a limited time. */
  readonly run: (command: readonly string[], input: string) => Promise<BoundedEnd>;
  /** What is known of how long the grants of a provider live. */
  readonly grantLimits: (provider: string) => Promise<readonly GrantLimit[]>;
  /** Tells a person that the command failed. */
  readonly warn: (line: string) => void;
  readonly interruption: AbortSignal;
}

/**
 * Tells what is to be told of all accounts and was not told yet, one event after the other, by the user's own command.
 * Of several processes one tells. What goes wrong is said and written down, and tried again later: it never throws, but
 * for a bug.
 *
 * @returns how many events were told
 */
export async function notifyDue(deps: NotifyDeps): Promise<number> {
  let told = 0;
  try {
    const vault = await deps.vault();
    if (vault === null) return 0;
    for (const { notice, row, seen } of await due(deps, vault)) {
      if (deps.interruption.aborted) break;
      if (!(await vault.notifications.put(row, seen))) continue;
      // A command that fails once would fail, or hang, for the others as well.
      if (!(await tell(deps, notice, row))) break;
      told += 1;
      await vault.notifications.put({ ...row, notifiedAt: row.triedAt }, row.triedAt);
    }
  } catch (failure) {
    if (!(failure instanceof VaultError)) throw failure;
    deps.warn(`nothing could be told by the notify command: ${failure.message}`);
  }
  return told;
}

interface Due {
  readonly notice: Notice;
  readonly row: Notification;
  /** The `triedAt` of the row as it is. */
  readonly seen: number | null;
}

/** Also forgets what is over. The rows are read first: what comes up after that cannot be taken for over. */
async function due(deps: NotifyDeps, vault: Vault): Promise<readonly Due[]> {
  const rows = new Map(
    (await vault.notifications.all()).map((row) => [`${row.accountId} ${row.event}`, row]),
  );
  const now = deps.clock.now();
  const found: Due[] = [];
  for (const account of await vault.accounts()) {
    for (const notice of noticesOf(account, await grantEnd(deps, vault, account), now)) {
      const key = `${account.id} ${notice.event}`;
      const seen = rows.get(key);
      rows.delete(key);
      const row = nextRow(notice, seen ?? null, now);
      if (row !== null) found.push({ notice, row, seen: seen?.triedAt ?? null });
      else if (seen !== undefined) await follow(vault, seen, notice);
    }
  }
  for (const row of rows.values()) await vault.notifications.forget(row);
  return found;
}

/** @returns the row to claim; null when it is not the time */
function nextRow(notice: Notice, seen: Notification | null, now: number): Notification | null {
  const { event, endsAt, since } = notice;
  const row = { accountId: notice.account.id, event, endsAt, triedAt: now };
  if (seen === null) return { ...row, since, notifiedAt: null };
  // A clock that was set back must not silence anything for longer.
  if (Math.abs(now - seen.triedAt) < PAUSE || hasMoved(seen, notice)) return null;
  if (seen.notifiedAt !== null && Math.abs(now - seen.notifiedAt) < REMINDER) return null;
  return { ...row, since: seen.since, notifiedAt: seen.notifiedAt };
}

/** An end that each refresh puts off is none to be told of again; the account's owner has nothing to do. */
function hasMoved(seen: Notification, { endsAt }: Notice): boolean {
  return seen.endsAt !== null && endsAt !== null && endsAt - seen.endsAt > MINUTE;
}

async function follow(vault: Vault, seen: Notification, notice: Notice): Promise<void> {
  if (hasMoved(seen, notice)) await vault.notifications.put({ ...seen, endsAt: notice.endsAt }, seen.triedAt);
}

async function grantEnd(deps: NotifyDeps, vault: Vault, account: Account): Promise<GrantEnd | null> {
  if (account.grantExpiresAt !== null) return { at: account.grantExpiresAt, why: null };
  if (!account.hasRefreshToken || account.status === 'login_needed') return null;
  const consents = await vault.consents(account.id);
  if (consents.length < 2) return null;
  const end = likelyEnd(consents, await deps.grantLimits(account.provider));
  // It was a guess, and wrong: the account lives on.
  return end !== null && end.at > deps.clock.now() ? end : null;
}

/** @returns whether the command took it */
async function tell(deps: NotifyDeps, notice: Notice, row: Notification): Promise<boolean> {
  const { account, event } = notice;
  const reminder = row.notifiedAt !== null;
  const document = eventDocument({ ...notice, since: row.since }, reminder, deps.clock.now(), deps);
  const end = await deps.run(deps.command, eventLine(document));
  const facts = { about: event, ...aboutAccount(account) };
  const why = failureOf(end);
  if (why === null) {
    deps.audit.record({ event: 'notified', ...facts, reminder });
    return true;
  }
  deps.audit.record({ event: 'notify_failed', ...facts, why: why.code });
  if (!deps.interruption.aborted) {
    const what = `${accountName(account)}: ${event.replace('_', ' ')}`;
    deps.warn(`the notify command ${why.says}, so nobody was told of ${what}; it is tried again later`);
  }
  return false;
}

/** In what way the command failed: a word for the audit trail, and words for a person. */
export function failureOf(end: BoundedEnd) {
  if (end.kind === 'timed_out')
    return { code: 'timed_out', says: 'did not end in time and was killed' } as const;
  if (end.kind === 'not_started') {
    if (end.code === 'ENOENT') return { code: 'not_found', says: 'is not there' } as const;
    return { code: 'not_executable', says: 'cannot be run' } as const;
  }
  return end.exitCode === 0
    ? null
    : ({ code: 'failed', says: `ended with exit code ${end.exitCode}` } as const);
}
