import type { CallbackRefusal } from '../domain/audit-events.js';
import { DAY } from '../domain/duration.js';
import { count } from '../domain/wording.js';
import type { EventQueue } from '../stores/audit-queue.js';
import type { TrailTable } from '../stores/contract.js';
import { type ReadLine, since } from './reading.js';

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

/** Requests for the start page that did not come from the browser of the login. */
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

const SEARCHED = 30 * DAY;
const BLOCKS: readonly unknown[] = ['vault_rolled_back', 'vault_cloned'];
const LIFTS: readonly unknown[] = ['rollback_accepted', 'refreshed', 'vault_created'];

/**
 * When the vault was found to be an older copy or at another place, so that nothing is refreshed. Needs no key, so it is known only
 * once a command with the key has noticed it.
 *
 * @param trail null where there is no vault
 * @returns milliseconds since the epoch; null when it was accepted or refreshed since, or never found
 */
export async function blockedSince(
  trail: TrailTable | null,
  queue: EventQueue,
  now: number,
): Promise<number | null> {
  for await (const { at, said } of since(now - SEARCHED, trail, queue)) {
    if (said['event'] === 'integrity_alarm' && BLOCKS.includes(said['code'])) return at;
    if (LIFTS.includes(said['event'])) return null;
  }
  return null;
}
