import type { CallbackRefusal } from '../domain/callback-refusal.js';
import { DAY, HOUR, MINUTE } from '../domain/duration.js';
import { count } from '../domain/wording.js';
import type { EventQueue } from '../stores/audit-queue.js';
import type { TrailTable } from '../stores/contract.js';
import { type AuditEvent, RECOVERY_FILE } from './events.js';
import { newestFirst, type ReadLine, saidText } from './reading.js';

/** For how long after it happened an abuse is reported. */
const TOLD_FOR = DAY;
/** A line that waited for its turn stands behind ones that are a little younger. */
const OUT_OF_TURN = 2 * DAY;
/** More logins than a person begins in an hour. */
export const LOGINS_AN_HOUR = 10;
/** A key that was wrong so often was not mistyped. */
const WRONG_KEYS = 5;
/** Nobody but the browser of a login has a reason to come so far. */
const STRANGERS: readonly unknown[] = [
  'other_user',
  'wrong_browser',
  'second_visit',
] satisfies readonly CallbackRefusal[];
/** More wrong passphrases than a person types in a row. */
export const WRONG_PASSPHRASES = 3;
/** For how long a wrong passphrase counts. */
const COUNTED_FOR = 15 * MINUTE;
/** Events that only a process which has opened the vault writes. */
const OPENED: readonly unknown[] = [
  'token_given',
  'refreshed',
  'login_finished',
  'key_added',
  'key_removed',
  'key_chosen',
  'key_rotated',
  'key_exported',
  'key_imported',
  'data_keys_added',
  'data_keys_replaced',
  'rollback_accepted',
] satisfies readonly AuditEvent['event'][];

/** What looks as if somebody tried something. */
export type AbuseKind =
  | 'wrong_callbacks'
  | 'login_strangers'
  | 'many_logins'
  | 'wrong_keys'
  | 'other_issuer'
  | 'integrity_alarm'
  | 'queue_altered'
  | 'trail_altered';

export interface Abuse {
  readonly kind: AbuseKind;
  readonly count: number;
  /** In words, with the number in it. */
  readonly message: string;
}

/**
 * What the last day's events tell of abuse. Needs no key, and proves nothing: whoever can write the vault can write this too,
 * which `vault audit --verify` shows.
 *
 * @param trail null where there is no vault
 */
export async function recentAbuse(
  trail: TrailTable | null,
  queue: EventQueue,
  now: number,
): Promise<readonly Abuse[]> {
  const lines: ReadLine[] = [];
  for await (const line of newestFirst(trail, queue)) {
    if (line.at < now - OUT_OF_TURN) break;
    if (line.at >= now - TOLD_FOR) lines.push(line);
  }
  return abuseIn(lines);
}

/** @param lines of a day, the newest first */
export function abuseIn(lines: readonly ReadLine[]): readonly Abuse[] {
  const number = (event: string, member?: string, value?: string) =>
    lines.filter(({ said }) => said['event'] === event && (member === undefined || said[member] === value))
      .length;
  const logins = mostLoginsInAnHour(lines);
  const found: [AbuseKind, number, noun: string, what: string][] = [
    [
      'wrong_callbacks',
      number('callback_refused', 'why', 'too_many_wrong_states'),
      'login',
      'got more than ten callbacks with a wrong state, which were turned away',
    ],
    [
      'login_strangers',
      lines.filter(({ said }) => STRANGERS.includes(said['why']) && said['count'] === 1).length,
      'login',
      'was visited by another user of this machine or by another browser, which were turned away',
    ],
    [
      'many_logins',
      logins > LOGINS_AN_HOUR ? logins : 0,
      'login',
      'at one provider were begun within an hour',
    ],
    [
      'wrong_keys',
      overLimit(number('open_failed', 'code', 'key_wrong'), WRONG_KEYS),
      'time',
      'the vault or its recovery file was to be opened with a wrong key or passphrase',
    ],
    [
      'other_issuer',
      number('login_failed', 'why', 'other_issuer'),
      'login',
      'came back from another issuer than the one asked: refused',
    ],
    [
      'integrity_alarm',
      sinceAccepted(lines).filter(({ said }) => said['event'] === 'integrity_alarm').length,
      'time',
      'the vault, or an account in it, was found not to be as it was left',
    ],
    [
      'queue_altered',
      number('queue_altered'),
      'time',
      'events that waited for the trail had been altered by somebody',
    ],
    [
      'trail_altered',
      number('trail_altered'),
      'time',
      'entries that somebody had put at the end of the trail were taken out of it',
    ],
  ];
  return found
    .filter(([, number]) => number > 0)
    .map(([kind, number, noun, what]) => ({
      kind,
      count: number,
      message: `${count(number, noun)} ${what}`,
    }));
}

/** What a person has taken as it is needs no further telling. */
function sinceAccepted(lines: readonly ReadLine[]): readonly ReadLine[] {
  const accepted = lines.findIndex(({ said }) => said['event'] === 'rollback_accepted');
  return accepted < 0 ? lines : lines.slice(0, accepted);
}

/** How many logins at this provider were begun within the last hour. */
export async function loginsWithinHour(
  trail: TrailTable | null,
  queue: EventQueue,
  provider: string,
  now: number,
): Promise<number> {
  let count = 0;
  for await (const { at, said } of newestFirst(trail, queue)) {
    if (at < now - HOUR - OUT_OF_TURN) break;
    if (at >= now - HOUR && said['event'] === 'login_started' && said['provider'] === provider) count += 1;
  }
  return count;
}

/**
 * How many passphrases of the vault and of its recovery file were wrong within the last quarter of an hour, since something
 * last showed that the vault was opened. Not every opening leaves such a line.
 */
export async function wrongPassphrases(
  trail: TrailTable | null,
  queue: EventQueue,
  now: number,
): Promise<number> {
  const wrong: number[] = [];
  let opened = Number.NEGATIVE_INFINITY;
  for await (const { at, said } of newestFirst(trail, queue)) {
    if (at < now - COUNTED_FOR - OUT_OF_TURN) break;
    if (at < now - COUNTED_FOR) continue;
    if (OPENED.includes(said['event'])) opened = Math.max(opened, at);
    if (isWrongPassphrase(said)) wrong.push(at);
  }
  return wrong.filter((at) => at > opened).length;
}

function isWrongPassphrase(said: ReadLine['said']): boolean {
  const guessed = said['key_source'] === 'passphrase' || said['key_source'] === RECOVERY_FILE;
  return guessed && said['event'] === 'open_failed' && said['code'] === 'key_wrong';
}

function mostLoginsInAnHour(lines: readonly ReadLine[]): number {
  const byProvider = new Map<string, number[]>();
  for (const { at, said } of lines) {
    if (said['event'] !== 'login_started') continue;
    const provider = saidText(said, 'provider') ?? '';
    byProvider.set(provider, [...(byProvider.get(provider) ?? []), at]);
  }
  return Math.max(0, ...[...byProvider.values()].map(mostWithinHour));
}

function mostWithinHour(times: readonly number[]): number {
  const sorted = [...times].sort((a, b) => a - b);
  let from = 0;
  return sorted.reduce((most, at, index) => {
    while (at - (sorted[from] ?? at) >= HOUR) from += 1;
    return Math.max(most, index - from + 1);
  }, 0);
}

function overLimit(count: number, limit: number): number {
  return count > limit ? count : 0;
}
