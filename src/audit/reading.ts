import type { CallbackRefusal } from '../domain/audit-events.js';
import { type AuditEvent, RECOVERY_FILE } from '../domain/audit-events.js';
import { DAY, HOUR, MINUTE } from '../domain/duration.js';
import { jsonObject } from '../domain/json.js';
import { count } from '../domain/wording.js';
import type { EventQueue } from '../stores/audit-queue.js';
import type { TrailTable } from '../stores/contract.js';

const PAGE = 1_000;

/** An event as read from the trail or its queue. */
export interface ReadLine {
  /** Null while it is in the queue. */
  readonly seq: number | null;
  readonly at: number;
  /** Its members; empty when the line is malformed. */
  readonly said: Readonly<Record<string, unknown>>;
}

/**
 * All events, not verified: those in the queue, then those in the trail, each part newest first.
 *
 * @param trail null where there is no vault
 */
export async function* newestFirst(trail: TrailTable | null, queue: EventQueue): AsyncGenerator<ReadLine> {
  const waiting = queue.peek().map((line) => line.slice(line.indexOf(' ') + 1));
  yield* waiting.map((body) => readLine(null, 0, body)).sort((a, b) => b.at - a.at);
  if (trail === null) return;
  for (let before = Number.MAX_SAFE_INTEGER; ; ) {
    const entries = await trail.before(before, PAGE);
    for (const { seq, at, body } of entries) yield readLine(seq, at, body);
    const last = entries.at(-1);
    if (last === undefined) return;
    before = last.seq;
  }
}

/** @returns null unless the member is a string */
export function saidText(said: ReadLine['said'], name: string): string | null {
  const value = said[name];
  return typeof value === 'string' ? value : null;
}

function readLine(seq: number | null, at: number, body: string): ReadLine {
  const said = jsonObject(body) ?? {};
  const written = Date.parse(saidText(said, 'time') ?? '');
  return { seq, at: seq === null && !Number.isNaN(written) ? written : at, said };
}

/** An event from the queue may be in the trail behind slightly younger ones. */
const LATE_ENTRY_WINDOW = 2 * DAY;

async function* since(start: number, trail: TrailTable | null, queue: EventQueue): AsyncGenerator<ReadLine> {
  for await (const line of newestFirst(trail, queue)) {
    if (line.at < start - LATE_ENTRY_WINDOW) return;
    if (line.at >= start) yield line;
  }
}

/** Recorded facts that the user should know. */
export type AbuseKind =
  | 'wrong_callbacks'
  | 'login_strangers'
  | 'other_issuer'
  | 'integrity_alarm'
  | 'queue_altered'
  | 'trail_altered';

export interface Abuse {
  readonly kind: AbuseKind;
  readonly count: number;
  /** A sentence with the number in it. */
  readonly message: string;
}

/** What the start page refuses anyone but the browser of the login. */
const STRANGERS: readonly unknown[] = [
  'other_user',
  'wrong_browser',
  'second_visit',
] satisfies readonly CallbackRefusal[];

type Said = ReadLine['said'];

const KINDS: readonly (readonly [AbuseKind, fits: (said: Said) => boolean, noun: string, what: string])[] = [
  [
    'wrong_callbacks',
    ({ event, why }) => event === 'callback_refused' && why === 'too_many_wrong_states',
    'login',
    'got more than ten callbacks with a wrong state, which were refused',
  ],
  [
    'login_strangers',
    (said) => STRANGERS.includes(said['why']) && said['count'] === 1,
    'login',
    'was visited by another user of this machine or by another browser, which was refused',
  ],
  [
    'other_issuer',
    ({ event, why }) => event === 'login_failed' && why === 'other_issuer',
    'login',
    'was answered by another issuer and refused',
  ],
  [
    'integrity_alarm',
    ({ event }) => event === 'integrity_alarm',
    'time',
    'the vault or an account in it was not as it was last written',
  ],
  ['queue_altered', ({ event }) => event === 'queue_altered', 'time', 'queued events had been altered'],
  [
    'trail_altered',
    ({ event }) => event === 'trail_altered',
    'time',
    'foreign entries at the end of the audit trail were removed',
  ],
];

/**
 * The facts of the last day. They need no key and prove nothing: an attacker who can write the vault can write them too, which
 * `vault audit --verify` detects.
 *
 * @param trail null where there is no vault
 */
export async function recentAbuse(
  trail: TrailTable | null,
  queue: EventQueue,
  now: number,
): Promise<readonly Abuse[]> {
  const lines: ReadLine[] = [];
  for await (const line of since(now - DAY, trail, queue)) lines.push(line);
  return abuseIn(lines);
}

/** @param lines newest first */
export function abuseIn(lines: readonly ReadLine[]): readonly Abuse[] {
  const accepted = lines.findIndex(({ said }) => said['event'] === 'rollback_accepted');
  return KINDS.flatMap(([kind, fits, noun, what]) => {
    const relevant = kind === 'integrity_alarm' && accepted >= 0 ? lines.slice(0, accepted) : lines;
    const number = relevant.filter(({ said }) => fits(said)).length;
    return number === 0 ? [] : [{ kind, count: number, message: `${count(number, noun)} ${what}` }];
  });
}

/** From this many failed or abandoned logins at a provider within an hour on, the next one waits. */
export const FAILED_LOGINS = 10;

/** Logins at this provider within the last hour that were begun and not finished. */
export async function failedLogins(
  trail: TrailTable | null,
  queue: EventQueue,
  provider: string,
  now: number,
): Promise<number> {
  let failed = 0;
  for await (const { said } of since(now - HOUR, trail, queue)) {
    if (said['provider'] !== provider) continue;
    if (said['event'] === 'login_started') failed += 1;
    if (said['event'] === 'login_finished') failed -= 1;
  }
  return failed;
}

/** From this many wrong passphrases on, the next one waits. */
export const WRONG_PASSPHRASES = 3;
const COUNTED_FOR = 15 * MINUTE;
/** Events that are written only after the vault was opened. */
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

/** Wrong passphrases of the vault and of its recovery file within the last quarter of an hour, since it was last opened. */
export async function wrongPassphrases(
  trail: TrailTable | null,
  queue: EventQueue,
  now: number,
): Promise<number> {
  const wrong: number[] = [];
  let opened = Number.NEGATIVE_INFINITY;
  for await (const { at, said } of since(now - COUNTED_FOR, trail, queue)) {
    if (OPENED.includes(said['event'])) opened = Math.max(opened, at);
    const guessed = said['key_source'] === 'passphrase' || said['key_source'] === RECOVERY_FILE;
    if (guessed && said['event'] === 'open_failed' && said['code'] === 'key_wrong') wrong.push(at);
  }
  return wrong.filter((at) => at > opened).length;
}
